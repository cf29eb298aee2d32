import { z } from 'zod';

/** What a person may be in a project, or everywhere. Each role may do all that the one before it may. */
export const roles = ['viewer', 'submitter', 'operator', 'admin'] as const;
export const Role = z.enum(roles);
export type Role = z.infer<typeof Role>;

/**
 * The least role that each permission needs. `everywhere: true` marks what has no project and therefore needs
 * a grant for the whole installation. Workloads add their own rows through the port.
 */
export interface PermissionRule {
  readonly role: Role;
  readonly everywhere?: true;
}
export type PermissionTable = Readonly<Record<string, PermissionRule>>;

export const kernelPermissions = {
  'projects.read': { role: 'viewer' },
  'projects.manage': { role: 'admin' },
  'projects.create': { role: 'admin', everywhere: true },
  'jobs.read': { role: 'viewer' },
  'jobs.submit': { role: 'submitter' },
  /** Pause, resume, cancel and retry one's own jobs; others' need `jobs.operate`. */
  'jobs.control': { role: 'submitter' },
  'jobs.operate': { role: 'operator' },
  'artifacts.read': { role: 'viewer' },
  'artifacts.write': { role: 'submitter' },
  'artifacts.delete': { role: 'operator' },
  'flows.read': { role: 'viewer' },
  'flows.run': { role: 'submitter' },
  'flows.edit': { role: 'operator' },
  'events.read': { role: 'viewer' },
  'webhooks.manage': { role: 'admin' },
  'members.read': { role: 'operator' },
  'members.manage': { role: 'admin' },
  'audit.read': { role: 'admin' },
  'nodes.read': { role: 'viewer' },
  'nodes.operate': { role: 'operator', everywhere: true },
  'nodes.join': { role: 'admin', everywhere: true },
  'pools.manage': { role: 'admin', everywhere: true },
  'accounts.manage': { role: 'admin', everywhere: true },
  'settings.read': { role: 'operator', everywhere: true },
  'settings.manage': { role: 'admin', everywhere: true },
} as const satisfies PermissionTable;
export type KernelPermission = keyof typeof kernelPermissions;

/** Whether a role is at least another. */
export function atLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** A right to be `role`: in one project, or everywhere when `projectId` is null. */
export interface RoleGrant {
  readonly projectId: string | null;
  readonly role: Role;
}

/**
 * Scopes narrow what a token may do: a permission by name (`jobs.read`), all of an area (`jobs.*`), or `*`.
 * A token never may more than the account that made it.
 */
export function scopeCovers(scopes: readonly string[], permission: string): boolean {
  return scopes.some(
    (scope) =>
      scope === '*' ||
      scope === permission ||
      (scope.endsWith('.*') && permission.startsWith(scope.slice(0, -1))),
  );
}

/** Whether these grants and scopes give a permission in a project (null: everywhere). */
export function permits(
  grants: readonly RoleGrant[],
  scopes: readonly string[],
  permission: string,
  rule: PermissionRule,
  projectId: string | null,
): boolean {
  if (!scopeCovers(scopes, permission)) return false;
  return grants.some(
    (grant) =>
      (grant.projectId === null || (!rule.everywhere && grant.projectId === projectId)) &&
      atLeast(grant.role, rule.role),
  );
}
