import { newId, type StateReport, systemClock } from '@backlot/contract';
import { type FakeNode, stageOutput } from '@backlot/testkit/fake-fleet';
import { type LabJob, labFailure, labWorkload } from '@backlot/testkit/lab-workload';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let house: TestCore;
let node: FakeNode;
let projectId: string;
beforeAll(async () => {
  house = await openTestCore({ workloads: [labWorkload], random: () => 0 });
});
afterAll(() => house?.close());
// A node and a project of its own for each test: one fills the node, another may lose it.
beforeEach(async () => {
  for (const old of house.fleet.nodes.values()) old.connected = false;
  node = await house.fleet.add({ name: `node-${newId()}`, cpu: 4 });
  house.core.placement.wake('node-changed');
  projectId = await house.project();
});

const db = () => house.database.db;
const submit = (job: LabJob) =>
  house.core.jobs.submit({ kind: 'lab.graph', projectId, name: 'lab', parameters: job, actor: house.actor });
const task = { key: 'a', resources: { cpu: 1 }, retry: { backoffMs: 10 } };
const one = { tasks: [task] } satisfies LabJob;
const running = () =>
  house.until(
    async () =>
      [...node.allocations.values()].find(
        (allocation) => allocation.state === 'running' && allocation.verdicts.length > 0,
      ),
    'the task runs',
  );
const taskOf = (jobId: string) =>
  db().selectFrom('task').selectAll().where('job_id', '=', jobId).orderBy('id').executeTakeFirstOrThrow();
const used = () =>
  db().selectFrom('node_usage').selectAll().where('node_id', '=', node.id).executeTakeFirstOrThrow();
const events = async (subjectId: string) =>
  (
    await db().selectFrom('event').select('kind').where('subject_id', '=', subjectId).orderBy('seq').execute()
  ).map((event) => event.kind);

describe('a report', () => {
  it('is applied once, however often it comes', async () => {
    const job = await submit(one);
    const { offer } = await running();
    const output = await stageOutput(db(), offer.allocation, 'frame.png');
    const end: StateReport = {
      allocation: offer.allocation,
      fence: offer.fence,
      seq: 2,
      state: 'ended',
      outcome: 'ok',
      result: { value: 7 },
      outputs: [output],
      usage: { wallMs: 1234 },
    };
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, () => house.core.reports.report(node.id, end).then((ack) => ack.verdict)),
    );
    expect(verdicts.filter((verdict) => verdict === 'applied')).toHaveLength(1);
    expect(verdicts.filter((verdict) => verdict === 'duplicate')).toHaveLength(19);
    const task = await taskOf(job.id);
    expect(task).toMatchObject({ state: 'succeeded', result: { value: 7 }, attempt: 0 });
    expect(await used()).toMatchObject({ cpu_used: 0, memory_used: 0 });
    expect(
      await db().selectFrom('artifact').selectAll().where('task_id', '=', task.id).execute(),
    ).toHaveLength(1);
    expect((await house.core.jobs.get(job.id)).state).toBe('succeeded');
    expect(await events(task.id)).toEqual(['task.changed', 'task.ended']);
    expect(await events(job.id)).toEqual(['job.created', 'job.changed', 'job.ended']);
  });

  it('waits for the one before it', async () => {
    await submit(one);
    const { offer } = await running();
    const ahead: StateReport = {
      allocation: offer.allocation,
      fence: offer.fence,
      seq: 5,
      state: 'running',
      outputs: [],
    };
    await expect(house.core.reports.report(node.id, ahead)).rejects.toMatchObject({
      code: 'report_out_of_order',
    });
  });

  it('of a stale fence is refused, counted, told and audited once', async () => {
    const job = await submit(one);
    const { offer } = await running();
    const task = await taskOf(job.id);
    const late: StateReport = {
      allocation: offer.allocation,
      fence: offer.fence - 1,
      seq: 2,
      state: 'ended',
      outcome: 'ok',
      outputs: [],
      result: {},
    };
    for (let i = 0; i < 3; i += 1) {
      expect((await house.core.reports.report(node.id, late)).verdict).toBe('stale');
    }
    expect((await taskOf(job.id)).state).toBe('running');
    const audit = await db()
      .selectFrom('audit')
      .selectAll()
      .where('subject_id', '=', offer.allocation)
      .execute();
    expect(audit).toHaveLength(1);
    expect(audit[0]).toMatchObject({ actor_kind: 'node', actor_id: node.id, action: 'allocation.stale' });
    const told = await db()
      .selectFrom('event')
      .select('body')
      .where('subject_id', '=', offer.allocation)
      .where('kind', '=', 'allocation.stale')
      .execute();
    expect(told[0]?.body).toMatchObject({ why: 'fence', said: 'ended ok', taskId: task.id });
    const metric = await house.metrics.getSingleMetricAsString('backlot_allocation_stale_total');
    expect(metric).toMatch(/why="fence"\} 3/);
  });

  it('from another node than the one that was asked is refused', async () => {
    await submit(one);
    const { offer } = await running();
    const other = await house.fleet.add({ name: `other-${newId()}` });
    const claim: StateReport = {
      allocation: offer.allocation,
      fence: offer.fence,
      seq: 2,
      state: 'running',
      outputs: [],
    };
    expect((await house.core.reports.report(other.id, claim)).verdict).toBe('stale');
  });

  it('whose result does not fit its kind ends the attempt as our own fault', async () => {
    const job = await submit(one);
    const { offer } = await running();
    await house.fleet.finish(node, offer.allocation, { outcome: 'ok', result: { value: 'seven' } });
    expect(await taskOf(job.id)).toMatchObject({ state: 'failed', failure: { class: 'product' } });
    expect((await house.core.jobs.get(job.id)).failure?.reason.message).toContain('value:');
  });
});

describe('an attempt that failed', () => {
  it('is tried again after its back-off, and fails for good when its attempts are over', async () => {
    const job = await submit(one);
    for (const attempt of [1, 2, 3]) {
      const { offer } = await running();
      expect(offer.attempt).toBe(attempt);
      // Another signature each time: the same on one node proves nothing yet.
      await house.fleet.finish(node, offer.allocation, {
        outcome: 'failed',
        failure: labFailure('crash', `${attempt}`),
      });
    }
    expect(await taskOf(job.id)).toMatchObject({ state: 'failed', attempt: 3 });
    expect(await house.core.jobs.get(job.id)).toMatchObject({
      state: 'failed',
      failure: { class: 'crash', signature: 'crash:lab:3' },
    });
    expect((await used()).cpu_used).toBe(0);
  });

  it('is forgiven what was before when it brought an output home', async () => {
    const job = await submit(one);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const { offer } = await running();
      await house.fleet.finish(node, offer.allocation, {
        outcome: 'failed',
        failure: labFailure('crash', `${attempt}`),
        outputs: [`frame-${attempt}.png`],
      });
    }
    expect(await taskOf(job.id)).toMatchObject({ attempt: 1 });
    const { offer } = await running();
    expect(offer.committed).toEqual([0, 1, 2, 3, 4].map((n) => `frame-${n}.png`));
    await house.fleet.finish(node, offer.allocation, { outcome: 'ok' });
    expect((await house.core.jobs.get(job.id)).state).toBe('succeeded');
  });

  it('of memory gets half as much again, which makes it another shape', async () => {
    const job = await submit({ tasks: [{ ...task, resources: { cpu: 1, memory: 1_000_000 } }] });
    const before = await taskOf(job.id);
    const { offer } = await running();
    await house.fleet.finish(node, offer.allocation, { outcome: 'failed', failure: labFailure('memory') });
    const again = await running();
    expect(again.offer.resources.memory).toBe(1_500_000);
    expect((await taskOf(job.id)).shape).not.toBe(before.shape);
    expect((await taskOf(job.id)).attempt).toBe(0);
    expect((await used()).memory_used).toBe(1_500_000);
  });

  it('for missing files is held, with their names, until it is released', async () => {
    const job = await submit(one);
    const { offer } = await running();
    const failure = { ...labFailure('missing'), missing: ['wood.png', 'metal.png'] };
    await house.fleet.finish(node, offer.allocation, { outcome: 'failed', failure });
    const task = await taskOf(job.id);
    expect(task).toMatchObject({ state: 'held', attempt: 0 });
    expect((await house.core.jobs.get(job.id)).wait?.message).toBe(
      'waits for missing files: wood.png, metal.png. Add them, then release the task',
    );
    const digest = 'a'.repeat(64);
    await house.core.jobs.release(
      task.id,
      { parameters: { found: true }, inputs: [{ name: 'wood.png', digest, size: 3 }] },
      house.actor,
    );
    const again = await running();
    expect(again.offer.parameters).toEqual({ found: true });
    expect(again.offer.inputs).toEqual([{ name: 'wood.png', digest, size: 3 }]);
    await expect(house.core.jobs.release(task.id, {}, house.actor)).rejects.toMatchObject({
      code: 'task_not_held',
    });
  });

  it('for something that only this node lacks goes on by itself when another node joins', async () => {
    const job = await submit(one);
    const { offer } = await running();
    await house.fleet.finish(node, offer.allocation, {
      outcome: 'failed',
      failure: labFailure('capability'),
    });
    // Other tests have left nodes behind; none of them has a link, but they are there and could do it.
    const task = await taskOf(job.id);
    expect(['held', 'retry_wait', 'queued']).toContain(task.state);
    const failed = node;
    node = await house.fleet.add({ name: `able-${newId()}` });
    house.core.placement.wake('node-changed');
    const again = await running();
    expect(again.offer.task).toBe(task.id);
    expect(failed.allocations.size).toBe(0);
    expect((await taskOf(job.id)).attempt).toBe(0);
  });
});

describe('a node that goes away', () => {
  const setState = (state: 'unreachable' | 'ready' | 'lost') =>
    house.database.store.transaction(async (tx) => {
      await tx
        .updateTable('node')
        .set({ state, unreachable_since: state === 'unreachable' ? sql<Date>`now()` : null })
        .where('id', '=', node.id)
        .execute();
      if (state === 'unreachable') await house.core.reports.unreachable(tx, node.id);
      if (state === 'lost') await house.core.reports.lost(tx, node.id);
    });

  it('and comes back in time goes on where it was', async () => {
    const job = await submit(one);
    const { offer } = await running();
    node.connected = false;
    await setState('unreachable');
    expect((await taskOf(job.id)).wait?.code).toBe('wait.unreachable');
    await setState('ready');
    node.connected = true;
    const listed = await house.core.reports.connected({ id: node.id, epoch: 1, bootId: newId() });
    expect(listed).toEqual([{ allocation: offer.allocation, fence: offer.fence, state: 'running' }]);
    expect((await taskOf(job.id)).wait).toBeNull();
    await house.fleet.finish(node, offer.allocation, { outcome: 'ok' });
    expect((await house.core.jobs.get(job.id)).state).toBe('succeeded');
  });

  it('for too long has its work done elsewhere once, and its late result refused', async () => {
    const job = await submit(one);
    const allocation = await running();
    const away = node;
    away.connected = false;
    await setState('unreachable');
    await setState('lost');
    expect((await used()).cpu_used).toBe(0);
    node = await house.fleet.add({ name: `second-${newId()}` });
    house.core.placement.wake('node-changed');
    const again = await running();
    expect(again.offer.task).toBe(allocation.offer.task);
    expect(again.offer.fence).toBeGreaterThan(allocation.offer.fence);
    away.connected = true;
    const verdict = await house.fleet.finish(away, allocation.offer.allocation, {
      outcome: 'ok',
      outputs: ['late.png'],
    });
    expect(verdict).toBe('stale');
    expect(await db().selectFrom('artifact').selectAll().where('job_id', '=', job.id).execute()).toEqual([]);
    await house.fleet.finish(node, again.offer.allocation, { outcome: 'ok', outputs: ['good.png'] });
    const names = await db().selectFrom('artifact').select('name').where('job_id', '=', job.id).execute();
    expect(names).toEqual([{ name: 'good.png' }]);
    expect(await taskOf(job.id)).toMatchObject({ state: 'succeeded', attempt: 0 });
  });

  it('is given up class by class, by the policy of its pool', async () => {
    await db()
      .updateTable('pool')
      .set({ policy: JSON.stringify({ lostAfterMs: { interactive: 1, live: 3_600_000, batch: 3_600_000 } }) })
      .where('name', '=', 'default')
      .execute();
    const job = await submit({
      tasks: [
        { key: 'viewer', class: 'interactive', resources: { cpu: 1 } },
        { key: 'render', class: 'batch', resources: { cpu: 1 } },
      ],
    });
    await house.until(async () => node.allocations.size === 2, 'both run');
    await house.fleet.quiet();
    node.connected = false;
    await setState('unreachable');
    const states = () =>
      db().selectFrom('task').select(['key', 'state']).where('job_id', '=', job.id).execute();
    await house.until(
      async () => (await states()).some((task) => task.key === 'viewer' && task.state === 'queued'),
      'the viewer is given up',
    );
    expect(await states()).toContainEqual({ key: 'render', state: 'running' });
    await db().updateTable('pool').set({ policy: '{}' }).execute();
  });

  it('and has forgotten its work, loses it after a while', async () => {
    let passed = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passed };
    const other = await openTestCore({ workloads: [labWorkload], clock });
    try {
      const forgetful = await other.fleet.add();
      const job = await other.core.jobs.submit({
        kind: 'lab.graph',
        projectId: await other.project(),
        name: 'lab',
        parameters: one,
        actor: other.actor,
      });
      const state = async () => (await other.core.jobs.get(job.id)).state;
      await other.until(async () => (await state()) === 'running', 'it runs');
      await other.fleet.quiet();
      forgetful.allocations.clear();
      forgetful.connected = false;
      await other.fleet.heartbeat(forgetful);
      expect(await state()).toBe('running');
      passed = 25_000;
      await other.fleet.heartbeat(forgetful);
      expect(await state()).toBe('waiting');
      const attempt = await other.database.db.selectFrom('allocation').selectAll().executeTakeFirstOrThrow();
      expect(attempt).toMatchObject({ outcome: 'lost', reason: { code: 'end.forgotten' } });
    } finally {
      await other.close();
    }
  });
});

describe('an offer', () => {
  it('that the node refuses goes elsewhere, uncharged, with the node’s reason kept', async () => {
    const refusing = await openTestCore({
      workloads: [labWorkload],
      refuse: (_offer, at) => (at.name === 'full' ? 'The disk is full.' : undefined),
    });
    try {
      const full = await refusing.fleet.add({ name: 'full' });
      const project = await refusing.project();
      const job = await refusing.core.jobs.submit({
        kind: 'lab.graph',
        projectId: project,
        name: 'lab',
        parameters: one,
        actor: refusing.actor,
      });
      await refusing.until(
        async () => refusing.database.db.selectFrom('avoidance').select('id').executeTakeFirst(),
        'the refusal is remembered',
      );
      await refusing.fleet.add({ name: 'free' });
      refusing.core.placement.wake('node-changed');
      await refusing.until(
        async () => (await refusing.core.jobs.get(job.id)).state === 'running',
        'the other node takes it',
      );
      const attempts = await refusing.database.db
        .selectFrom('allocation')
        .select(['node_id', 'outcome', 'reason'])
        .orderBy('fence')
        .execute();
      expect(attempts[0]).toMatchObject({ node_id: full.id, outcome: 'rejected' });
      expect(attempts[0]?.reason?.message).toBe('full refused: The disk is full.');
    } finally {
      await refusing.close();
    }
  });

  it('that nobody answers expires, gives back what it held, and is offered anew', async () => {
    const silent = await house.fleet.add({ name: `silent-${newId()}` });
    node.connected = false;
    house.core.placement.wake('node-changed');
    // A link that swallows everything.
    const send = house.fleet.send.bind(house.fleet);
    house.fleet.send = (nodeId, type, body) => (nodeId === silent.id ? true : send(nodeId, type, body));
    const job = await submit(one);
    const first = await house.until(
      async () => db().selectFrom('allocation').selectAll().where('job_id', '=', job.id).executeTakeFirst(),
      'it is offered',
    );
    house.fleet.send = send;
    silent.connected = false;
    node.connected = true;
    await db()
      .updateTable('allocation')
      .set({ offer_until: sql`now() - interval '1 second'` })
      .where('id', '=', first.id)
      .execute();
    house.core.placement.wake('node-changed');
    const again = await running();
    expect(again.offer.task).toBe(first.task_id);
    const ended = await db()
      .selectFrom('allocation')
      .selectAll()
      .where('id', '=', first.id)
      .executeTakeFirst();
    expect(ended).toMatchObject({ state: 'ended', outcome: 'expired' });
    const accept = await house.core.reports.accept(silent.id, { allocation: first.id, fence: first.fence });
    expect(accept).toBe('stale');
  });
});
