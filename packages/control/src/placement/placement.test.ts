import { kernelPhrases, reason, type TaskClass, translateReason } from '@backlot/contract';
import { type LabJob, labWorkload } from '@backlot/testkit/lab-workload';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTasks } from '../tasks/task-view.ts';

const gigabyte = 1024 ** 3;
let house: TestCore;
let projectId: string;
beforeEach(async () => {
  house = await openTestCore({ workloads: [labWorkload], random: () => 0 });
  projectId = await house.project();
});
afterEach(() => house.close());

const db = () => house.database.db;
const submit = (tasks: LabJob['tasks'], project = projectId) =>
  house.core.jobs.submit({
    kind: 'lab.graph',
    projectId: project,
    name: 'lab',
    parameters: { tasks },
    actor: house.actor,
  });
const task = (key: string, taskClass: TaskClass, resources: Record<string, unknown>) => ({
  key,
  class: taskClass,
  resources,
});
const stateOf = async (jobId: string, key: string) =>
  (
    await db()
      .selectFrom('task')
      .select('state')
      .where('job_id', '=', jobId)
      .where('key', '=', key)
      .executeTakeFirst()
  )?.state;
const reach = (jobId: string, key: string, state: string) =>
  house.until(async () => (await stateOf(jobId, key)) === state, `${key} is ${state}`);
const addNode = async (spec: Parameters<TestCore['fleet']['add']>[0]) => {
  const node = await house.fleet.add(spec);
  house.core.placement.wake('node-changed');
  return node;
};
const finish = async (jobId: string) => {
  for (const node of house.fleet.nodes.values()) {
    for (const { offer } of [...node.allocations.values()]) {
      if (offer.job === jobId) await house.fleet.finish(node, offer.allocation, { outcome: 'ok' });
    }
  }
};
const waitOf = async (jobId: string, position = 0) => {
  const tasks = await readTasks(db(), sql`t.job_id = ${jobId} AND t.state = 'queued'`, 'asc', 500);
  const wait = tasks[position]?.wait;
  return wait ? translateReason(wait, [kernelPhrases], 'en') : undefined;
};

/** Until the first waiting task of a job says this. */
const waits = (jobId: string, sentence: string) =>
  house.until(async () => (await waitOf(jobId)) === sentence, `the reason: ${sentence}`);

describe('work that its node has frozen for its disk', () => {
  it('gets no cores until the node has it go on, and is the control plane’s again when it is frozen for another', async () => {
    const node = await addNode({ cpu: 4, memory: 8 * gigabyte });
    const render = await submit([task('render', 'batch', { cpu: 4, memory: gigabyte })]);
    await reach(render.id, 'render', 'running');
    await house.fleet.quiet();
    const [allocation] = [...node.allocations.values()];
    if (!allocation) throw new Error('Nothing runs.');
    const because = reason(kernelPhrases, 'pause.disk');
    const row = () =>
      db().selectFrom('allocation').select(['state', 'cpu_held', 'reason']).executeTakeFirstOrThrow();
    const wait = async () =>
      (await db().selectFrom('task').select('wait').where('job_id', '=', render.id).executeTakeFirst())?.wait;
    const thawed = () => house.fleet.sent.filter(({ type }) => type === 'thaw').length;
    const look = async () => {
      house.core.placement.wake('node-changed');
      await house.fleet.quiet();
      await new Promise((resolve) => setTimeout(resolve, 200));
    };

    await house.fleet.report(node, allocation, 'frozen', { reason: because });
    await look();
    expect(await row()).toEqual({ state: 'frozen', cpu_held: false, reason: null });
    expect(await wait()).toMatchObject({ code: 'pause.disk' });
    expect(thawed()).toBe(0);
    await house.fleet.report(node, allocation, 'running');
    await look();
    expect(await row()).toMatchObject({ state: 'running', cpu_held: true });
    expect(await wait()).toBeNull();

    await house.fleet.report(node, allocation, 'frozen', { reason: because });
    await house.fleet.report(node, allocation, 'frozen');
    await reach(render.id, 'render', 'running');
    expect(thawed()).toBe(1);
    expect(await row()).toMatchObject({ state: 'running', cpu_held: true });

    // Frozen for another, and given its cores to go on with, when its disk gets low: they go to whoever can use them.
    await house.fleet.report(node, allocation, 'frozen');
    await db().updateTable('allocation').set({ cpu_held: true }).execute();
    await db().updateTable('node_usage').set({ cpu_used: 4 }).execute();
    await house.fleet.report(node, allocation, 'frozen', { reason: because });
    expect(await row()).toMatchObject({ state: 'frozen', cpu_held: false });
    // Its node says that the disk is well, and has not let it go on: an older agent waits to be told.
    await db()
      .updateTable('node_lease')
      .set({ load: sql`jsonb_set(coalesce(load, '{}'), '{disk}', '{"state":"ok"}')` })
      .execute();
    await look();
    expect(thawed()).toBeGreaterThan(1);

    // That was what its heartbeat had said before: the node tells once more that it can't, and is asked no further.
    const asked = thawed();
    await house.fleet.report(node, allocation, 'frozen', { reason: because });
    await look();
    expect(await row()).toMatchObject({ state: 'frozen', cpu_held: false });
    expect(thawed()).toBe(asked);
  });
});

describe('more urgent work', () => {
  it('freezes a render within its node’s cores, and the render goes on afterwards', async () => {
    const node = await addNode({ cpu: 4, memory: 8 * gigabyte });
    const render = await submit([task('render', 'batch', { cpu: 4, memory: gigabyte })]);
    await reach(render.id, 'render', 'running');
    await house.fleet.quiet();
    const viewer = await submit([task('viewer', 'interactive', { cpu: 2, memory: gigabyte })]);
    await reach(viewer.id, 'viewer', 'running');
    expect(await stateOf(render.id, 'render')).toBe('frozen');
    const usage = () =>
      db().selectFrom('node_usage').select(['cpu_used', 'memory_used']).executeTakeFirstOrThrow();
    // Frozen work keeps its memory and gives its cores back.
    expect(await usage()).toEqual({ cpu_used: 2, memory_used: 2 * gigabyte });
    await house.fleet.quiet();
    await finish(viewer.id);
    await reach(render.id, 'render', 'running');
    expect(await usage()).toEqual({ cpu_used: 4, memory_used: gigabyte });
    const attempts = await db()
      .selectFrom('allocation')
      .select('id')
      .where('job_id', '=', render.id)
      .execute();
    expect(attempts).toHaveLength(1);
    expect(
      house.fleet.sent.filter(({ type }) => type === 'freeze' || type === 'thaw').map(({ type }) => type),
    ).toEqual(['freeze', 'thaw']);
    await house.fleet.quiet();
    await finish(render.id);
    expect(await usage()).toEqual({ cpu_used: 0, memory_used: 0 });
    expect(node.allocations.size).toBe(0);
  });

  it('has a render requeued, uncharged, when memory is lacking', async () => {
    await addNode({ cpu: 4, memory: 4 * gigabyte });
    const render = await submit([task('render', 'batch', { cpu: 1, memory: 4 * gigabyte })]);
    await reach(render.id, 'render', 'running');
    await house.fleet.quiet();
    const viewer = await submit([task('viewer', 'interactive', { cpu: 1, memory: 2 * gigabyte })]);
    await reach(viewer.id, 'viewer', 'running');
    expect(await stateOf(render.id, 'render')).toBe('queued');
    const attempt = await db()
      .selectFrom('allocation')
      .selectAll()
      .where('job_id', '=', render.id)
      .executeTakeFirstOrThrow();
    expect(attempt).toMatchObject({ outcome: 'preempted', reason: { code: 'end.preempted' } });
    await house.fleet.quiet();
    await finish(viewer.id);
    await reach(render.id, 'render', 'running');
  });

  it('never takes the place of live work, and waits with a reason instead', async () => {
    await addNode({ name: 'studio', cpu: 2 });
    const live = await submit([task('channel', 'live', { cpu: 2 })]);
    await reach(live.id, 'channel', 'running');
    const viewer = await submit([task('viewer', 'interactive', { cpu: 1 })]);
    await waits(viewer.id, 'waits for 1 free CPU cores: studio has 0 free');
    expect(await stateOf(live.id, 'channel')).toBe('running');
  });

  it('preempts nothing in a pool whose policy forbids it', async () => {
    await db()
      .updateTable('pool')
      .set({ policy: JSON.stringify({ preemption: false }) })
      .execute();
    await addNode({ cpu: 2 });
    const render = await submit([task('render', 'batch', { cpu: 2 })]);
    await reach(render.id, 'render', 'running');
    const viewer = await submit([task('viewer', 'interactive', { cpu: 1 })]);
    await waits(viewer.id, 'waits for 1 free CPU cores: node-1 has 0 free');
    expect(await stateOf(render.id, 'render')).toBe('running');
  });
});

describe('a node', () => {
  it('that is drained gives its batch work to others at once and keeps the rest to its end', async () => {
    const old = await addNode({ cpu: 4 });
    const job = await submit([
      task('render', 'batch', { cpu: 1 }),
      task('viewer', 'interactive', { cpu: 1 }),
    ]);
    await reach(job.id, 'render', 'running');
    await reach(job.id, 'viewer', 'running');
    await house.fleet.quiet();
    const fresh = await addNode({ cpu: 4 });
    await db().updateTable('node').set({ schedulable: 'draining' }).where('id', '=', old.id).execute();
    house.core.placement.wake('node-changed');
    await house.until(async () => fresh.allocations.size === 1, 'the render moves');
    expect(await stateOf(job.id, 'viewer')).toBe('running');
    expect([...old.allocations.values()].map(({ offer }) => offer.class)).toEqual(['interactive']);
  });

  it('that is cordoned gets nothing new', async () => {
    const node = await addNode({ name: 'closed', cpu: 4 });
    await db().updateTable('node').set({ schedulable: 'cordoned' }).where('id', '=', node.id).execute();
    house.core.placement.wake('node-changed');
    const job = await submit([task('render', 'batch', { cpu: 1 })]);
    await waits(job.id, 'waits for a node of the pool default that can take work: closed is cordoned');
    expect(node.allocations.size).toBe(0);
  });

  it('is found by its label when a pool selects by label', async () => {
    await db()
      .insertInto('pool')
      .values({ name: 'gpu-farm', selector: JSON.stringify({ rack: 'b' }) })
      .execute();
    const node = await addNode({ cpu: 4, labels: { rack: 'b' } });
    const job = await submit([{ key: 'a', resources: { cpu: 1 }, constraints: { pool: 'gpu-farm' } }]);
    await reach(job.id, 'a', 'running');
    expect(node.allocations.size).toBe(1);
  });
});

describe('every task that waits says why', () => {
  it('those behind the first as well, with how many are ahead', async () => {
    await addNode({ name: 'small', cpu: 1 });
    const job = await submit(Array.from({ length: 5 }, (_, n) => task(`t${n}`, 'batch', { cpu: 1 })));
    await reach(job.id, 't0', 'running');
    await waits(job.id, 'waits for 1 free CPU cores: small has 0 free');
    expect(await waitOf(job.id, 3)).toBe(
      'waits for 1 free CPU cores: small has 0 free, 3 ahead in project Film',
    );
    const view = await house.core.jobs.get(job.id);
    expect(view.state).toBe('running');
  });

  it('also in a pool that nobody has made', async () => {
    const job = await submit([{ key: 'a', constraints: { pool: 'nowhere' } }]);
    await waits(job.id, 'the pool nowhere has no node; join one with the command on the Nodes page');
    expect((await house.core.jobs.get(job.id)).wait?.code).toBe('wait.no_node');
  });

  it('when its project has its quota of cores', async () => {
    await addNode({ cpu: 8 });
    const limited = await house.project({ quota: { cpu: 2 }, name: 'Limited' });
    const job = await submit(
      Array.from({ length: 3 }, (_, n) => task(`t${n}`, 'batch', { cpu: 1 })),
      limited,
    );
    await waits(
      job.id,
      'waits for the project Limited to use less: it holds 2 of the 2 CPU cores that it may',
    );
  });
});

describe('two projects', () => {
  it('share a farm, though one came first with a hundred times as much', async () => {
    await addNode({ cpu: 8 });
    const other = await house.project({ name: 'Late' });
    const many = await submit(Array.from({ length: 200 }, (_, n) => task(`m${n}`, 'batch', { cpu: 1 })));
    await reach(many.id, 'm0', 'running');
    await house.fleet.quiet();
    const few = await submit(
      Array.from({ length: 4 }, (_, n) => task(`f${n}`, 'batch', { cpu: 1 })),
      other,
    );
    // Each core that becomes free goes to the one that holds less.
    for (let round = 0; round < 4; round += 1) {
      const [node] = house.fleet.nodes.values();
      const first = [...(node?.allocations.values() ?? [])].find(({ offer }) => offer.job === many.id);
      if (!node || !first) throw new Error('The first project runs.');
      await house.fleet.finish(node, first.offer.allocation, { outcome: 'ok' });
      await house.until(async () => {
        const { rows } = await sql<{ n: number }>`
          SELECT count(*)::int AS n FROM allocation WHERE state <> 'ended'`.execute(db());
        return rows[0]?.n === 8;
      }, 'the core is taken again');
      await house.fleet.quiet();
    }
    const { counts } = await house.core.jobs.get(few.id);
    // Offered or running already: it has what it asked for.
    expect((counts.placed ?? 0) + (counts.running ?? 0)).toBe(4);
  });
});
