import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeView } from '@backlot/contract';
import { systemActor } from '@backlot/control/kernel';
import type { Agent } from '@backlot/node/agent/agent';
import type { LogPart, ProcessFacts } from '@backlot/node/workload';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './link-node.ts';
import { type Product, startProduct } from './product.ts';

let product: Product;
let agent: Agent & { readonly dataDir: string };
beforeAll(async () => {
  product = await startProduct();
  agent = await product.startAgent();
  await agent.ready;
  await until(
    'it has proved what it can do',
    async () => (await node()).capabilities.some(({ name }) => name === 'tiny'),
    60_000,
  );
});
afterAll(() => product.close());

const node = async () => (await product.api<NodeView>('GET', `/api/v1/nodes/${agent.nodeId}`)).body;
const open = (state = 'running') =>
  product.database.db
    .selectFrom('allocation')
    .innerJoin('task', 'task.id', 'allocation.task_id')
    .select(['allocation.id', 'allocation.fence', 'allocation.state'])
    .where('task.kind', '=', 'tiny.part')
    .where('allocation.state', '=', state as 'running')
    .execute();
async function running() {
  await until('a part runs', async () => (await open()).length > 0, 60_000);
  const [part] = await open();
  if (!part) throw new Error('It has ended already.');
  return { allocation: part.id, fence: part.fence };
}

describe('an agent with a real control plane', { timeout: 120_000 }, () => {
  it('does a whole job, in processes and in a host, and leaves nothing behind', async () => {
    const job = await product.submit({
      parts: 3,
      steps: 4,
      stepMs: 20,
      hosted: true,
      note: '`rm -rf` "$(x)" \u{1F600}',
    });
    expect(await product.ended(job)).toBe('succeeded');
    const artifacts = await product.database.db
      .selectFrom('artifact')
      .select('name')
      .where('job_id', '=', job)
      .execute();
    expect(artifacts.length).toBe(13);
    const { rows } = await sql<{ logs: number }>`SELECT count(*)::int AS logs FROM log_chunk`.execute(
      product.database.db,
    );
    expect(rows[0]?.logs).toBeGreaterThanOrEqual(3);
    await until(
      'nothing is left',
      async () => (await readdir(join(agent.dataDir, 'allocations'))).length === 0,
    );
    expect(agent.allocations).toBe(0);
    const usage = await product.database.db
      .selectFrom('node_usage')
      .selectAll()
      .where('node_id', '=', agent.nodeId)
      .executeTakeFirstOrThrow();
    expect(usage).toMatchObject({ cpu_used: 0, memory_used: 0, disk_used: 0 });
  });

  it('answers calls of the workload and reads of a growing log, freezes, thaws, and ends when canceled', async () => {
    const { nodes, jobs } = product.control.kernel;
    const job = await product.submit({ parts: 1, steps: 500, stepMs: 50 });
    const ref = await running();
    const call = { allocation: ref.allocation, deadlineMs: 10_000 };
    expect(
      await nodes.call(agent.nodeId, { ...call, method: 'tiny.shout', payload: { word: 'hi' } }),
    ).toEqual({ part: 0, shouted: 'HI' });
    const { facts, log } = (await nodes.call(agent.nodeId, {
      ...call,
      method: 'tiny.look',
      payload: {},
    })) as { facts: ProcessFacts; log: LogPart };
    expect(facts).toMatchObject({ frozen: false, wallMs: expect.any(Number), pids: expect.any(Array) });
    expect(log.next).toBe(Buffer.byteLength(log.text));
    const tail = async () =>
      (await nodes.call(agent.nodeId, {
        ...call,
        method: 'kernel.log-tail',
        payload: { ...ref, stream: 'stdout', from: 0 },
      })) as { data: string; size: number };
    await until('it has printed something', async () => (await tail()).size > 0);
    expect(Buffer.from((await tail()).data, 'base64').toString()).toContain('part 0, attempt 1');
    expect((await node()).allocations).toMatchObject([{ id: ref.allocation, kind: 'tiny.part', jobId: job }]);

    // The core never meant it to stand still, so it has it go on as soon as it compares.
    nodes.send(agent.nodeId, 'freeze', ref);
    await until('it is frozen', async () => (await open('frozen')).length === 1);
    await until('it goes on', async () => (await open('running')).length === 1);
    const { size } = await tail();
    await until('it prints again', async () => (await tail()).size > size);

    await jobs.setIntent(job, 'cancel', systemActor);
    expect(await product.ended(job)).toBe('canceled');
    await expect(
      nodes.call(agent.nodeId, { ...call, method: 'tiny.shout', payload: {} }),
    ).rejects.toMatchObject({ code: 'call_failed' });
  });

  it('kills what ignores being asked, with everything it has started', async () => {
    const job = await product.submit({ parts: 1, steps: 1_000, stepMs: 100, mode: 'stubborn' });
    await running();
    await product.control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    expect(await product.ended(job)).toBe('canceled');
  });

  it('believes no exit code: what wrote nothing has failed, in words', async () => {
    const job = await product.submit({ parts: 1, steps: 2, mode: 'liar' });
    expect(await product.ended(job)).toBe('failed');
  });

  it('is adopted by the next agent on its folder, and shares it with no other', async () => {
    const job = await product.submit({ parts: 2, steps: 20, stepMs: 100 });
    await running();
    await agent.close({ work: 'keep' });
    agent = await product.startAgent({ dataDir: agent.dataDir });
    expect(agent.allocations).toBeGreaterThan(0);
    expect(await product.ended(job)).toBe('succeeded');
    const { rows } = await sql<{ attempts: number }>`
      SELECT max(attempt)::int AS attempts FROM (
        SELECT attempt FROM allocation WHERE job_id = ${job}
        UNION ALL SELECT attempt FROM allocation_history WHERE job_id = ${job}
      ) a
    `.execute(product.database.db);
    expect(rows[0]?.attempts).toBe(1);
  });

  it('goes on when the control plane restarts in the middle', async () => {
    const job = await product.submit({ parts: 2, steps: 30, stepMs: 100 });
    await running();
    await product.control.close({ graceMs: 500 });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await product.startControl();
    expect(await product.ended(job)).toBe('succeeded');
    expect((await node()).epoch).toBe(1);
  });
});

describe('the fleet’s routes', { timeout: 180_000 }, () => {
  it('show a node with its load and capacity', async () => {
    const { body } = await product.api<{ items: NodeView[] }>('GET', '/api/v1/nodes?state=ready&text=tester');
    expect(body.items).toMatchObject([{ id: agent.nodeId, name: 'tester', state: 'ready', pool: 'default' }]);
    await until('its load is known', async () => (await node()).load !== null);
    expect((await node()).capacity?.cpu).toBeGreaterThan(0);
    expect((await product.api('GET', `/api/v1/nodes/${crypto.randomUUID()}`)).status).toBe(404);
  });

  it('change name, labels and whether work may come, each with a line in the audit', async () => {
    const path = `/api/v1/nodes/${agent.nodeId}`;
    const changed = await product.api<NodeView>('PATCH', path, {
      name: 'renamed',
      labels: { rack: 'b' },
      schedulable: 'cordoned',
    });
    expect(changed.body).toMatchObject({ name: 'renamed', labels: { rack: 'b' }, schedulable: 'cordoned' });
    expect((await product.api('PATCH', path, { pool: 'nowhere' })).status).toBe(404);
    expect((await product.api('GET', `${path}/drain-preview`)).body).toEqual({ moves: [], waits: [] });
    await product.api('PATCH', path, { schedulable: 'yes' });
    const actions = await product.database.db
      .selectFrom('audit')
      .select('action')
      .where('subject_id', '=', agent.nodeId)
      .where('action', 'in', ['node.cordon', 'node.uncordon'])
      .execute();
    expect(actions.map(({ action }) => action)).toEqual(['node.cordon', 'node.uncordon']);
  });

  it('page through who had the machine when', async () => {
    const path = `/api/v1/nodes/${agent.nodeId}/timeline?limit=3`;
    const first = await product.api<{ items: { id: string; kind: string }[]; next: string }>('GET', path);
    const second = await product.api<{ items: { id: string }[] }>('GET', `${path}&cursor=${first.body.next}`);
    expect(first.body.items.length).toBe(3);
    expect(first.body.items.every(({ kind }) => kind.startsWith('tiny.'))).toBe(true);
    const ids = [...first.body.items, ...second.body.items].map(({ id }) => id);
    expect(ids).toEqual([...ids].sort().reverse());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('thin load samples evenly', async () => {
    for (let n = 0; n < 100; n += 1) {
      await sql`INSERT INTO node_sample (node_id, at, load)
        SELECT node_id, now() - make_interval(secs => ${n * 15}), load FROM node_lease WHERE node_id = ${agent.nodeId}
        ON CONFLICT DO NOTHING`.execute(product.database.db);
    }
    const path = `/api/v1/nodes/${agent.nodeId}/samples`;
    const all = await product.api<{ samples: unknown[] }>('GET', `${path}?minutes=60&points=1000`);
    const some = await product.api<{ samples: unknown[] }>('GET', `${path}?minutes=60&points=20`);
    expect(all.body.samples.length).toBeGreaterThanOrEqual(100);
    expect(some.body.samples.length).toBeGreaterThan(10);
    expect(some.body.samples.length).toBeLessThanOrEqual(20);
  });

  it('make join tokens with commands that can be pasted, once told and revocable', async () => {
    const made = await product.api<{
      token: { id: string };
      secret: string;
      commands: Record<string, string>;
    }>('POST', '/api/v1/join-tokens', { uses: 2, labels: { rack: 'c' } });
    expect(made.status).toBe(201);
    for (const command of Object.values(made.body.commands)) {
      expect(command).toContain(made.body.secret);
      expect(command).toContain(product.control.url);
    }
    const list = await product.api<{ items: { id: string }[] }>('GET', '/api/v1/join-tokens');
    expect(list.body.items.map(({ id }) => id)).toContain(made.body.token.id);
    expect(JSON.stringify(list.body)).not.toContain(made.body.secret);
    expect((await product.api('DELETE', `/api/v1/join-tokens/${made.body.token.id}`)).status).toBe(204);
    const join = await fetch(new URL('/api/v1/node/join', product.control.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${made.body.secret}` },
      body: JSON.stringify({
        name: 'x',
        agentVersion: '1',
        publicKey: Buffer.alloc(32, 9).toString('base64url'),
      }),
    });
    expect(join.status).toBe(401);
    expect(await join.json()).toMatchObject({ code: 'join_token_invalid' });
  });

  it('keep pools that have nodes, and drop those that have none', async () => {
    const put = await product.api('PUT', '/api/v1/pools/gpu', {
      selector: { gpu: 'yes' },
      policy: { strategy: 'spread' },
    });
    expect(put.body).toMatchObject({ name: 'gpu', policy: { strategy: 'spread', preemption: true } });
    await product.api('PATCH', `/api/v1/nodes/${agent.nodeId}`, { pool: 'gpu' });
    expect(await product.api('DELETE', '/api/v1/pools/gpu')).toMatchObject({
      status: 409,
      body: { code: 'pool_in_use' },
    });
    await product.api('PATCH', `/api/v1/nodes/${agent.nodeId}`, { pool: 'default' });
    expect((await product.api('DELETE', '/api/v1/pools/gpu')).status).toBe(204);
    expect((await product.api('DELETE', '/api/v1/pools/default')).status).toBe(409);
  });

  it('remove a node for good: its work ends and its key opens nothing', async () => {
    const job = await product.submit({ parts: 1, steps: 500, stepMs: 100 });
    await running();
    expect((await product.api('DELETE', `/api/v1/nodes/${agent.nodeId}`)).status).toBe(204);
    await until('its work has ended', () => agent.allocations === 0, 30_000);
    const again = await product.api<{ items: NodeView[] }>('GET', '/api/v1/nodes');
    expect(again.body.items).toEqual([]);
    await product.control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    expect(await product.ended(job)).toBe('canceled');
  });
});
