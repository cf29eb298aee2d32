import { accessErrors, atLeast, BacklotError, type Role, type RoleGrant } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';
import type { Actor } from '../kernel.ts';

/** Held by every transaction that changes who is administrator, so that two can't each remove "not the last". */
const administratorsLock = 0x61646d6e;

/** Takes the lock until the end of the transaction. Call it before reading what is about to be changed. */
export async function lockAdministrators(tx: Tx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${administratorsLock})`.execute(tx);
}

/** Whether there is anybody who may everything. */
export async function hasAdministrator(tx: Tx): Promise<boolean> {
  const someone = await tx
    .selectFrom('role_grant as g')
    .innerJoin('account as a', 'a.id', 'g.account_id')
    .select('a.id')
    .where('g.project_id', 'is', null)
    .where('g.role', '=', 'admin')
    .where('a.disabled_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return someone !== undefined;
}

/**
 * Makes a change under the lock, unless it takes away the last administrator. An installation that is run by its
 * administration token alone has none, and may go on so.
 * @throws last_administrator
 */
export async function keepingAdministrator<T>(tx: Tx, change: () => Promise<T>): Promise<T> {
  await lockAdministrators(tx);
  const before = await hasAdministrator(tx);
  const result = await change();
  if (before && !(await hasAdministrator(tx))) throw new BacklotError(accessErrors.last_administrator);
  return result;
}

/**
 * Nobody may give more than they have: a role in a project only by someone who has at least that role there.
 * @throws role_exceeded
 */
export function requireMayGrant(actor: Actor, grant: RoleGrant): void {
  const allowed = actor.grants.some(
    (own) => (own.projectId === null || own.projectId === grant.projectId) && atLeast(own.role, grant.role),
  );
  if (!allowed) throw new BacklotError(accessErrors.role_exceeded, { params: { role: grant.role } });
}

/** Gives, changes or (with null) takes away the role of an account in a project or everywhere. Returns the former one. */
export async function setGrant(
  tx: Tx,
  accountId: string,
  projectId: string | null,
  role: Role | null,
): Promise<Role | null> {
  const before = await tx
    .selectFrom('role_grant')
    .select('role')
    .where('account_id', '=', accountId)
    .where('project_id', projectId === null ? 'is' : '=', projectId)
    .executeTakeFirst();
  if (role === null) {
    await tx
      .deleteFrom('role_grant')
      .where('account_id', '=', accountId)
      .where('project_id', projectId === null ? 'is' : '=', projectId)
      .execute();
  } else {
    await tx
      .insertInto('role_grant')
      .values({ account_id: accountId, project_id: projectId, role })
      .onConflict((conflict) => conflict.columns(['account_id', 'project_id']).doUpdateSet({ role }))
      .execute();
  }
  return before?.role ?? null;
}
