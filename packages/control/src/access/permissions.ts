import {
  BacklotError,
  kernelErrors,
  kernelPermissions,
  type PermissionRule,
  type PermissionTable,
  permits,
  type RoleGrant,
} from '@backlot/contract';
import type { AccessControl, Actor } from '../kernel.ts';

/** The kernel's permissions and those of the workloads, in one table. A name that stands twice is a mistake. */
export function mergePermissions(
  workloads: readonly { readonly name: string; readonly permissions?: PermissionTable }[],
): PermissionTable {
  const all: Record<string, PermissionRule> = { ...kernelPermissions };
  for (const { name, permissions = {} } of workloads) {
    for (const [permission, rule] of Object.entries(permissions)) {
      if (!permission.startsWith(`${name}.`)) {
        throw new Error(
          `The workload ${name} may only add permissions that start with "${name}.", not ${permission}.`,
        );
      }
      if (all[permission]) throw new Error(`The permission ${permission} is there twice.`);
      all[permission] = rule;
    }
  }
  return all;
}

/** Decides what an actor may do. Pure: all that it needs is in the actor. */
export function createAccessControl(permissions: PermissionTable): AccessControl {
  const ruleOf = (permission: string): PermissionRule => {
    const rule = Object.hasOwn(permissions, permission) ? permissions[permission] : undefined;
    if (!rule) throw new Error(`There is no permission ${permission}.`);
    return rule;
  };
  const control: AccessControl = {
    permissions,
    may: (actor, permission, projectId) =>
      permits(actor.grants, actor.scopes, permission, ruleOf(permission), projectId),
    require(actor, permission, projectId) {
      if (!control.may(actor, permission, projectId)) {
        throw new BacklotError(kernelErrors.forbidden, { params: { permission } });
      }
    },
    projectsWith(actor, permission) {
      if (control.may(actor, permission, null)) return 'all';
      return projectsOf(actor).filter((projectId) => control.may(actor, permission, projectId));
    },
  };
  return control;
}

/** Everything that an actor may do, per project, `*` for everywhere. What `*` holds is not repeated. */
export function permissionsByProject(access: AccessControl, actor: Actor): Record<string, string[]> {
  const names = Object.keys(access.permissions);
  const everywhere = names.filter((name) => access.may(actor, name, null));
  const table: Record<string, string[]> = { '*': everywhere };
  for (const projectId of projectsOf(actor)) {
    const here = names.filter((name) => !everywhere.includes(name) && access.may(actor, name, projectId));
    if (here.length > 0) table[projectId] = here;
  }
  return table;
}

/**
 * The grants that a token has: those of its account, confined to its project. A grant that held everywhere then
 * holds in that project only, so a confined token never may what has no project.
 */
export function confineGrants(grants: readonly RoleGrant[], projectId: string | null): RoleGrant[] {
  if (projectId === null) return [...grants];
  return grants
    .filter((grant) => grant.projectId === null || grant.projectId === projectId)
    .map(({ role }) => ({ projectId, role }));
}

function projectsOf(actor: Actor): string[] {
  return [...new Set(actor.grants.flatMap((grant) => grant.projectId ?? []))];
}
