import { atLeast, type Role } from '@backlot/contract';
import type { Caller } from './callers.ts';

/**
 * Who may use a route, as tables of tests say it by hand:
 *
 * public       anyone
 * signed-in    any account or token
 * allocation   the node that holds the allocation's token
 * otherwise    `<permission> <least role> <where>`: everywhere, in the project that the request is about, or in
 *              any project (the answer is then filtered)
 */
export type Rule =
  | 'public'
  | 'signed-in'
  | 'allocation'
  | `${string} ${Role} ${'everywhere' | 'project' | 'any'}`;

/**
 * The status that a caller should be answered, from the rule's words alone.
 * @param project that the request is about
 * @param admitted answered to whoever is let in
 */
export function expectedStatus(rule: Rule, caller: Caller, project: string, admitted: number): number {
  const signedIn = caller.kind === 'person' || caller.kind === 'token';
  if (rule === 'public') return admitted;
  if (rule === 'allocation') return caller.kind === 'allocation' ? admitted : 401;
  if (!signedIn) return 401;
  if (rule === 'signed-in') return admitted;
  const [permission = '', role, where] = rule.split(' ') as [string, Role, string];
  const inScope = caller.scopes.some(
    (scope) => scope === '*' || scope === permission || scope === `${permission.split('.')[0]}.*`,
  );
  const holds = caller.grants.some(
    (grant) =>
      atLeast(grant.role, role) &&
      (grant.projectId === null || (where === 'project' && grant.projectId === project) || where === 'any'),
  );
  if (inScope && holds) return admitted;
  const knowsProject = caller.grants.some((grant) => grant.projectId === null || grant.projectId === project);
  return where === 'project' && !knowsProject ? 404 : 403;
}
