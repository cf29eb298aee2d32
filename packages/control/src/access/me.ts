import {
  accessErrors,
  BacklotError,
  kernelErrors,
  type Me,
  type MePatch,
  noAccount,
  type RoleGrant,
} from '@backlot/contract';
import type { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { AccessControl, Actor, AuditLog } from '../kernel.ts';
import type { Identity } from './authentication.ts';
import { permissionsByProject } from './permissions.ts';

export interface MeDeps {
  readonly store: Store;
  readonly access: AccessControl;
  readonly audit: AuditLog;
}

/** What somebody is told about themselves. Pages show by it only what will work. */
export async function describeMe(deps: MeDeps, identity: Identity): Promise<Me> {
  const { actor, session } = identity;
  const account =
    actor.id === null
      ? undefined
      : await deps.store.db
          .selectFrom('account')
          .select(['email', 'name'])
          .where('id', '=', actor.id)
          .executeTakeFirst();
  return {
    kind: actor.kind === 'account' ? 'account' : 'token',
    id: actor.id ?? noAccount,
    name: account?.name ?? actor.name,
    email: account?.email ?? null,
    language: actor.language,
    grants: await nameProjects(deps.store, actor.grants),
    scopes: [...actor.scopes],
    permissions: permissionsByProject(deps.access, actor),
    ...(session ? { csrfToken: session.csrfToken } : {}),
  };
}

/** Changes one's own name and language. */
export async function changeMe(
  deps: MeDeps,
  actor: Actor,
  accountId: string,
  patch: z.output<typeof MePatch>,
) {
  await deps.store.transaction(async (tx) => {
    const before = await tx
      .selectFrom('account')
      .select(['name', 'language'])
      .where('id', '=', accountId)
      .forUpdate()
      .executeTakeFirst();
    if (!before) throw new BacklotError(kernelErrors.unauthenticated);
    const after = { name: patch.name ?? before.name, language: patch.language ?? before.language };
    await tx.updateTable('account').set(after).where('id', '=', accountId).execute();
    const subject = { kind: 'account', id: accountId };
    await deps.audit.record(tx, { actor, action: 'account.change', subject, before, after });
  });
}

/**
 * The account that somebody acts for, if they may manage all of it: not with a token that was made to do less.
 * @throws account_needed, whole_account_needed
 */
export function wholeAccount(identity: Identity): string {
  const { actor, confinedTo } = identity;
  if (actor.id === null) throw new BacklotError(accessErrors.account_needed);
  if (confinedTo !== undefined || !actor.scopes.includes('*')) {
    throw new BacklotError(accessErrors.whole_account_needed);
  }
  return actor.id;
}

async function nameProjects(store: Store, grants: readonly RoleGrant[]): Promise<Me['grants']> {
  const ids = grants.flatMap((grant) => grant.projectId ?? []);
  const rows =
    ids.length === 0
      ? []
      : await store.db.selectFrom('project').select(['id', 'name']).where('id', 'in', ids).execute();
  const names = new Map(rows.map((row) => [row.id, row.name]));
  return grants.map(({ projectId, role }) => ({
    projectId,
    projectName: projectId === null ? null : (names.get(projectId) ?? null),
    role,
  }));
}
