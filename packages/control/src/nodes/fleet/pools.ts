import { type Pool, PoolPolicy, type PoolPut } from '@backlot/contract/api/nodes';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { linkErrors } from '@backlot/contract/errors/link';
import { sql } from 'kysely';
import type { z } from 'zod';
import type { Db, Tx } from '../../db/schema.ts';
import type { Actor } from '../../kernel.ts';
import type { NodesDependencies } from '../dependencies.ts';

/** @throws not_found when there is no such pool */
export async function requirePool(db: Db | Tx, name: string): Promise<void> {
  const pool = await db.selectFrom('pool').select('name').where('name', '=', name).executeTakeFirst();
  if (!pool) throw new BacklotError(kernelErrors.not_found, { params: { what: 'pool', id: name } });
}

export async function listPools(db: Db | Tx): Promise<z.output<typeof Pool>[]> {
  const rows = await db
    .selectFrom('pool')
    .select((eb) => [
      'name',
      'selector',
      'policy',
      eb
        .selectFrom('node')
        .select(sql<number>`count(*)`.as('nodes'))
        .whereRef('node.pool', '=', 'pool.name')
        .where('node.state', '<>', 'removed')
        .as('nodes'),
    ])
    .orderBy('name')
    .execute();
  return rows.map(({ name, selector, policy, nodes }) => ({
    name,
    selector,
    policy: PoolPolicy.parse(policy),
    nodes: nodes ?? 0,
  }));
}

/** Makes a pool or changes its policy. */
export async function putPool(
  deps: NodesDependencies,
  name: string,
  put: z.output<typeof PoolPut>,
  actor: Actor,
): Promise<z.output<typeof Pool>> {
  const pool = await deps.store.transaction(async (tx) => {
    const before = (await listPools(tx)).find((known) => known.name === name);
    const values = { selector: JSON.stringify(put.selector), policy: JSON.stringify(put.policy) };
    await tx
      .insertInto('pool')
      .values({ name, ...values })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
      .execute();
    const after = { name, selector: put.selector, policy: put.policy, nodes: before?.nodes ?? 0 };
    await deps.audit.record(tx, {
      actor,
      action: before ? 'pool.change' : 'pool.create',
      subject: { kind: 'pool', id: name },
      before,
      after,
    });
    return after;
  });
  deps.placement().wake('policy-changed');
  return pool;
}

/** Removes a pool without nodes. @throws not_found, pool_in_use, conflict for the default pool */
export async function removePool(deps: NodesDependencies, name: string, actor: Actor): Promise<void> {
  if (name === 'default') {
    throw new BacklotError(kernelErrors.conflict, { params: { reason: 'the default pool has to stay' } });
  }
  await deps.store.transaction(async (tx) => {
    const pool = (await listPools(tx)).find((known) => known.name === name);
    if (!pool) throw new BacklotError(kernelErrors.not_found, { params: { what: 'pool', id: name } });
    if (pool.nodes > 0) {
      throw new BacklotError(linkErrors.pool_in_use, { params: { pool: name, nodes: pool.nodes } });
    }
    // Rows of removed nodes and old tokens still name it; both are history.
    await tx.updateTable('node').set({ pool: 'default' }).where('pool', '=', name).execute();
    await tx.deleteFrom('join_token').where('pool', '=', name).execute();
    await tx.deleteFrom('pool').where('name', '=', name).execute();
    await deps.audit.record(tx, {
      actor,
      action: 'pool.remove',
      subject: { kind: 'pool', id: name },
      before: pool,
    });
  });
  deps.placement().wake('policy-changed');
}
