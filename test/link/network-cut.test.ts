import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgentProcess } from './agent-process.ts';
import { until } from './link-node.ts';
import { type Product, startProduct } from './product.ts';

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

describe('a node that is cut off for longer than its lease', { timeout: 240_000 }, () => {
  it('has its late results refused and noted; the work was done elsewhere, once', async () => {
    const policy = JSON.stringify({ lostAfterMs: { interactive: 500, live: 1_500, batch: 1_000 } });
    await sql`UPDATE pool SET policy = ${policy}::jsonb WHERE name = 'default'`.execute(product.database.db);
    const start = async (name: string) =>
      startAgentProcess({
        url: product.control.url,
        dataDir: await mkdtemp(join(tmpdir(), `backlot-cut-${name}-`)),
        joinToken: await product.control.localJoinToken(),
      });
    const { db } = product.database;
    const agents = [await start('a'), await start('b')];
    const nodes = () =>
      db.selectFrom('node').select(['id', 'created_at', 'inventory']).orderBy('created_at').execute();
    await until(
      'both are known to run it',
      async () => {
        const proved = (await nodes()).filter(({ inventory }) => /"tiny"/.test(JSON.stringify(inventory)));
        return proved.length === 2;
      },
      60_000,
    );
    const job = await product.submit({ parts: 1, steps: 10, stepMs: 600 });
    const running = async () =>
      await db
        .selectFrom('allocation')
        .innerJoin('task', 'task.id', 'allocation.task_id')
        .select(['allocation.id', 'allocation.node_id'])
        .where('task.kind', '=', 'tiny.part')
        .where('allocation.state', '=', 'running')
        .executeTakeFirst();
    await until('a part runs', async () => (await running()) !== undefined, 60_000);
    const cut = await running();
    const first = agents[(await nodes()).findIndex(({ id }) => id === cut?.node_id)];
    if (!first) throw new Error('The part runs on none of the two.');
    // The agent stands still, as if its network were gone; what it started runs on.
    first.kill('SIGSTOP');
    expect(await product.ended(job, 120_000)).toBe('succeeded');
    first.kill('SIGCONT');

    await until(
      'its late report is refused',
      async () =>
        (
          await product.database.db
            .selectFrom('audit')
            .select('seq')
            .where('actor_kind', '=', 'node')
            .where('actor_id', '=', cut?.node_id ?? '')
            .where('action', 'like', '%stale%')
            .execute()
        ).length > 0,
      60_000,
    );
    const { rows } = await sql<{ name: string; times: number; nodes: string[] }>`
      SELECT r.name, count(*)::int AS times, array_agg(a.node_id) AS nodes
      FROM artifact r JOIN (
        SELECT id, node_id FROM allocation UNION ALL SELECT id, node_id FROM allocation_history
      ) a ON a.id = r.allocation_id
      WHERE r.job_id = ${job} GROUP BY r.name
    `.execute(product.database.db);
    expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
    expect(rows.length).toBe(11);
    const node = await product.database.db
      .selectFrom('node')
      .select(['state', 'epoch'])
      .where('id', '=', cut?.node_id ?? '')
      .executeTakeFirstOrThrow();
    expect(node.epoch).toBeGreaterThanOrEqual(1);
    await until('it is ready again', async () => {
      const { state } = await product.database.db
        .selectFrom('node')
        .select('state')
        .where('id', '=', cut?.node_id ?? '')
        .executeTakeFirstOrThrow();
      return state === 'ready';
    });
    await Promise.all(agents.map((agent) => agent.end()));
  });
});
