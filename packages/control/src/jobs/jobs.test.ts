import type { Job, TaskState } from '@backlot/contract';
import type { FakeEnd } from '@backlot/testkit/fake-fleet';
import { type LabJob, labFailure, labWorkload } from '@backlot/testkit/lab-workload';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { tinyControl } from '@backlot/testkit/tiny/control';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { moveEndedJobs } from '../history/move-ended.ts';

let house: TestCore;
let projectId: string;
/** How tasks end, by key; those that are not named end well. */
let ends: Record<string, FakeEnd>;
beforeAll(async () => {
  house = await openTestCore({
    workloads: [labWorkload, tinyControl],
    random: () => 0,
    work: async (offer) => {
      if (offer.kind === 'tiny.split') return { outcome: 'ok', result: { parts: 150 } };
      if (offer.kind === 'tiny.part') {
        return {
          outcome: 'ok',
          result: { sum: 1, attempt: 1 },
          outputs: [`part-${offer.parameters.index}.txt`],
        };
      }
      if (offer.kind === 'tiny.join') {
        return { outcome: 'ok', result: { total: offer.inputs.length, files: offer.inputs.length } };
      }
      return ends[String(offer.parameters.name)] ?? { outcome: 'ok' };
    },
  });
  await house.fleet.add({
    cpu: 64,
    memory: 64 * 1024 ** 3,
    capabilities: [{ name: 'tiny', features: ['count'] }],
  });
  house.core.placement.wake('node-changed');
});
afterAll(() => house?.close());
beforeEach(async () => {
  ends = {};
  projectId = await house.project();
});

const db = () => house.database.db;
const named = (key: string, rest: Record<string, unknown> = {}) => ({
  key,
  parameters: { name: key },
  retry: { maxAttempts: 1 },
  ...rest,
});
const submit = (parameters: LabJob) =>
  house.core.jobs.submit({ kind: 'lab.graph', projectId, name: 'lab', parameters, actor: house.actor });
const ended = (job: Job) =>
  house.until(async () => {
    const now = await house.core.jobs.get(job.id);
    return now.endedAt !== null && now;
  }, 'the job ends');
const states = async (job: Job): Promise<Record<string, TaskState>> => {
  const { rows } = await sql<{ key: string; state: TaskState }>`
    SELECT key, state FROM task WHERE job_id = ${job.id}
    UNION ALL SELECT key, state FROM task_history WHERE job_id = ${job.id} ORDER BY key
  `.execute(db());
  return Object.fromEntries(rows.map((row) => [row.key, row.state]));
};
const reach = (job: Job, key: string, state: TaskState) =>
  house.until(async () => (await states(job))[key] === state, `${key} is ${state}`);
/** The books of a job against what its tasks really are. */
async function expectSoundBooks(job: Job): Promise<void> {
  const { rows } = await sql<{ state: TaskState; n: number }>`
    SELECT state, count(*)::int AS n FROM task WHERE job_id = ${job.id} GROUP BY state
  `.execute(db());
  const row = await db().selectFrom('job').selectAll().where('id', '=', job.id).executeTakeFirstOrThrow();
  expect(row.counts).toEqual(Object.fromEntries(rows.map(({ state, n }) => [state, n])));
}
const taskId = async (job: Job, key: string) =>
  (
    await db()
      .selectFrom('task')
      .select('id')
      .where('job_id', '=', job.id)
      .where('key', '=', key)
      .executeTakeFirstOrThrow()
  ).id;

describe('submitting', () => {
  it('stores ten thousand tasks in one transaction', async () => {
    const startedAt = performance.now();
    const job = await submit({
      tasks: Array.from({ length: 10_000 }, (_, n) => ({
        key: `t${n}`,
        resources: { gpus: [{ vram: 1 }] },
      })),
    });
    expect(job.counts).toEqual({ queued: 10_000 });
    // The bar is 2 s on a machine of its own; this only catches something quadratic.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    await house.core.jobs.setIntent(job.id, 'cancel', house.actor);
    expect((await ended(job)).counts).toEqual({ canceled: 10_000 });
  });

  it.each([
    ['an unknown kind', { kind: 'lab.nothing', parameters: {} }, 'unknown_job_kind'],
    ['parameters that do not fit', { kind: 'tiny.count', parameters: { parts: 'many' } }, 'invalid_input'],
    [
      'a plan with a cycle',
      {
        kind: 'lab.graph',
        parameters: { tasks: [named('a', { needs: ['b'] }), named('b', { needs: ['a'] })] },
      },
      'plan_invalid',
    ],
    ['a plan without tasks', { kind: 'lab.graph', parameters: { tasks: [] } }, 'plan_invalid'],
  ])('refuses %s and stores nothing', async (_name, { kind, parameters }, code) => {
    const before = await db().selectFrom('job').select(sql<number>`count(*)::int`.as('n')).executeTakeFirst();
    await expect(
      house.core.jobs.submit({ kind, projectId, name: 'x', parameters, actor: house.actor }),
    ).rejects.toMatchObject({ code });
    const after = await db().selectFrom('job').select(sql<number>`count(*)::int`.as('n')).executeTakeFirst();
    expect(after).toEqual(before);
  });

  it('keeps to the number of open jobs that a project may have, also when two come at once', async () => {
    projectId = await house.project({ quota: { jobs: 2 }, name: 'Small' });
    const waiting = { tasks: [named('a', { resources: { gpus: [{ vram: 1 }] } })] };
    const settled = await Promise.allSettled([1, 2, 3, 4].map(() => submit(waiting)));
    expect(settled.filter((one) => one.status === 'fulfilled')).toHaveLength(2);
    const [refused] = settled.filter((one) => one.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'quota_jobs', params: { open: 2, limit: 2 } });
  });

  it('is written down: event and audit', async () => {
    const job = await submit({ tasks: [named('a')] });
    const audit = await db().selectFrom('audit').selectAll().where('subject_id', '=', job.id).execute();
    expect(audit).toMatchObject([{ action: 'job.submit', actor_name: 'Ada', project_id: projectId }]);
    await ended(job);
  });
});

describe('a graph', () => {
  it('runs in the order of its needs', async () => {
    const job = await submit({
      tasks: [
        named('film', { needs: ['left', 'right'] }),
        named('left', { needs: ['model'] }),
        named('right', { needs: ['model'] }),
        named('model'),
      ],
    });
    expect((await ended(job)).state).toBe('succeeded');
    const order = (await house.core.jobs.get(job.id)).facts.ended as string[];
    expect(order[0]).toBe('model:succeeded');
    expect(order[3]).toBe('film:succeeded');
    await expectSoundBooks(job);
  });

  it('cancels what builds on a task that failed, and runs it all when that is retried', async () => {
    ends = { model: { outcome: 'failed', failure: labFailure('input') } };
    const job = await submit({
      tasks: [
        named('model'),
        named('frame', { needs: ['model'] }),
        named('film', { needs: ['frame'] }),
        named('other'),
      ],
    });
    expect(await ended(job)).toMatchObject({ state: 'failed', failure: { signature: 'input:lab:test' } });
    expect(await states(job)).toEqual({
      film: 'canceled',
      frame: 'canceled',
      model: 'failed',
      other: 'succeeded',
    });
    ends = {};
    const again = await house.core.jobs.retryFailed(job.id, house.actor);
    expect(again).toMatchObject({ endedAt: null, failure: null });
    expect((await ended(job)).state).toBe('succeeded');
    expect(await states(job)).toEqual({
      film: 'succeeded',
      frame: 'succeeded',
      model: 'succeeded',
      other: 'succeeded',
    });
    await expectSoundBooks(job);
    await expect(house.core.jobs.retryFailed(job.id, house.actor)).rejects.toMatchObject({
      code: 'nothing_to_retry',
    });
  });

  it('holds progress by weight', async () => {
    ends = { slow: 'hang' };
    const job = await submit({ tasks: [named('a', { weight: 3 }), named('slow', { weight: 1 })] });
    await reach(job, 'a', 'succeeded');
    const now = await house.core.jobs.get(job.id);
    expect(now.progress).toMatchObject({ done: 3, total: 4, fraction: 0.75 });
    await house.core.jobs.setIntent(job.id, 'cancel', house.actor);
    await ended(job);
  });
});

describe('what follows', () => {
  it('is created once, in the transaction that ends the task', async () => {
    const job = await submit({
      tasks: [named('import')],
      follow: { import: [named('f1'), named('f2'), named('join', { needs: ['f1', 'f2', 'import'] })] },
    });
    expect((await ended(job)).counts).toEqual({ succeeded: 4 });
  });

  it('sees all tasks with their outputs, also in a large job', async () => {
    const job = await house.core.jobs.submit({
      kind: 'tiny.count',
      projectId,
      name: 'count',
      parameters: { parts: 150, cpu: 0.25 },
      actor: house.actor,
    });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', counts: { succeeded: 152 } });
    const { rows } = await sql<{ result: unknown }>`
      SELECT result FROM task WHERE job_id = ${job.id} AND key = 'join'
    `.execute(db());
    expect(rows[0]?.result).toEqual({ total: 150, files: 150 });
    await expectSoundBooks(job);
  });

  it('may give the job up: open work is canceled, finished work is kept', async () => {
    ends = { busy: 'hang' };
    const job = await submit({
      tasks: [
        named('ok'),
        named('busy'),
        named('bad', { needs: ['ok'] }),
        named('later', { needs: ['busy'] }),
      ],
      after: { bad: 'fail' },
    });
    expect(await ended(job)).toMatchObject({ state: 'failed', failure: { class: 'input' } });
    expect(await states(job)).toEqual({
      bad: 'succeeded',
      busy: 'canceled',
      later: 'canceled',
      ok: 'succeeded',
    });
    await expectSoundBooks(job);
  });

  it.each(['throw', 'bad-draft'] as const)(
    'that goes wrong (%s) ends the job and not the report',
    async (how) => {
      const job = await submit({ tasks: [named('a')], after: { a: how } });
      expect(await ended(job)).toMatchObject({ state: 'failed', failure: { class: 'product' } });
      expect(await states(job)).toEqual({ a: 'succeeded' });
    },
  );

  it('may say that others are of no use any more', async () => {
    ends = { slow: 'hang' };
    const job = await submit({
      tasks: [
        named('winner', { needs: ['first'] }),
        named('slow'),
        named('first'),
        named('never', { needs: ['slow'] }),
      ],
      after: { winner: 'cancel-others' },
    });
    expect((await ended(job)).counts).toEqual({ succeeded: 2, canceled: 2 });
  });
});

describe('a job whose tasks fail for one reason', () => {
  it('is stopped before all of them have tried', async () => {
    const keys = Array.from({ length: 30 }, (_, n) => `f${n}`);
    ends = Object.fromEntries(keys.map((key) => [key, { outcome: 'failed', failure: labFailure('crash') }]));
    const job = await submit({
      tasks: keys.map((key) =>
        named(key, { resources: { cpu: 64 }, retry: { maxAttempts: 3, backoffMs: 60_000 } }),
      ),
    });
    const end = await ended(job);
    expect(end.state).toBe('failed');
    expect(end.failure?.reason.message).toBe(
      '3 tasks failed for the same reason, so the job was stopped: It failed: test.',
    );
    const { rows } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM allocation WHERE job_id = ${job.id}
    `.execute(db());
    expect(rows[0]?.n).toBeLessThan(6);
    await expectSoundBooks(job);
  });
});

describe('steering', () => {
  it('pauses what waits and lets go on what runs', async () => {
    ends = { a: 'hang' };
    const job = await submit({ tasks: [named('a'), named('b', { needs: ['a'] })] });
    await reach(job, 'a', 'running');
    await house.core.jobs.setIntent(job.id, 'pause', house.actor);
    const [node] = house.fleet.nodes.values();
    const offer = [...(node?.allocations.values() ?? [])].find((one) => one.offer.job === job.id)?.offer;
    if (!node || !offer) throw new Error('The task has an allocation.');
    await house.fleet.finish(node, offer.allocation, { outcome: 'ok' });
    const paused = await house.core.jobs.get(job.id);
    expect(paused).toMatchObject({ state: 'paused', wait: { code: 'wait.paused' } });
    expect(await states(job)).toEqual({ a: 'succeeded', b: 'queued' });
    await house.core.jobs.setIntent(job.id, 'run', house.actor);
    expect((await ended(job)).state).toBe('succeeded');
  });

  it('cancels what waits at once and what runs when its node confirms', async () => {
    ends = { a: 'hang' };
    const job = await submit({ tasks: [named('a'), named('b', { needs: ['a'] })] });
    await reach(job, 'a', 'running');
    await house.fleet.quiet();
    const [node] = house.fleet.nodes.values();
    if (node) node.connected = false;
    await house.core.jobs.setIntent(job.id, 'cancel', house.actor);
    expect((await house.core.jobs.get(job.id)).state).toBe('canceling');
    expect(await states(job)).toEqual({ a: 'running', b: 'canceled' });
    if (node) node.connected = true;
    // The stop was lost with the link; the heartbeat's comparison repeats it.
    if (node) await house.fleet.heartbeat(node);
    expect((await ended(job)).state).toBe('canceled');
    const attempt = await db()
      .selectFrom('allocation')
      .selectAll()
      .where('job_id', '=', job.id)
      .executeTakeFirstOrThrow();
    expect(attempt).toMatchObject({ outcome: 'canceled', reason: { message: 'canceled by Ada' } });
    await expect(house.core.jobs.setIntent(job.id, 'run', house.actor)).rejects.toMatchObject({
      code: 'job_canceled',
    });
  });

  it('survives any order of pausing, canceling, retrying and ends with sound books', async () => {
    for (let round = 0; round < 6; round += 1) {
      const keys = Array.from({ length: 40 }, (_, n) => `r${n}`);
      const job = await submit({
        tasks: keys.map((key, n) => named(key, n % 3 === 2 ? { needs: [`r${n - 1}`] } : {})),
      });
      const calls = [
        () => house.core.jobs.setIntent(job.id, 'pause', house.actor),
        () => house.core.jobs.setIntent(job.id, 'run', house.actor),
        () => house.core.jobs.setPriority(job.id, round, house.actor),
        () => house.core.jobs.setIntent(job.id, 'cancel', house.actor),
        () => house.core.jobs.retryFailed(job.id, house.actor),
      ];
      // Refusals are fine; what must not be is a job that never ends, or books that don't add up.
      await Promise.allSettled(calls.map((call) => call()));
      await house.core.jobs.setIntent(job.id, 'run', house.actor).catch(() => undefined);
      await ended(job);
      await house.fleet.quiet();
      await expectSoundBooks(job);
    }
    const { rows } = await sql<{ used: number }>`SELECT sum(cpu_used) AS used FROM node_usage`.execute(db());
    expect(rows[0]?.used).toBe(0);
  });

  it('changes priority for what is still to come, and the name', async () => {
    const job = await submit({ tasks: [named('a', { priority: 3, resources: { gpus: [{ vram: 1 }] } })] });
    await house.core.jobs.setPriority(job.id, 20, house.actor);
    await house.core.jobs.rename(job.id, 'renamed', house.actor);
    const task = await db()
      .selectFrom('task')
      .select('priority')
      .where('job_id', '=', job.id)
      .executeTakeFirst();
    expect(task).toEqual({ priority: 23 });
    const audit = await db()
      .selectFrom('audit')
      .select(['action', 'before', 'after'])
      .where('subject_id', '=', job.id)
      .orderBy('seq')
      .execute();
    expect(audit.slice(1)).toEqual([
      { action: 'job.priority', before: { priority: 0 }, after: { priority: 20 } },
      { action: 'job.name', before: { name: 'lab' }, after: { name: 'renamed' } },
    ]);
    await house.core.jobs.setIntent(job.id, 'cancel', house.actor);
  });

  it('takes running work back from its node, uncharged', async () => {
    ends = { a: 'hang' };
    const job = await submit({ tasks: [named('a')] });
    await reach(job, 'a', 'running');
    await house.fleet.quiet();
    const id = await taskId(job, 'a');
    ends = {};
    await house.core.jobs.requeueTask(id, house.actor);
    expect((await ended(job)).state).toBe('succeeded');
    const attempts = await db()
      .selectFrom('allocation')
      .select('outcome')
      .where('task_id', '=', id)
      .orderBy('fence')
      .execute();
    expect(attempts).toEqual([{ outcome: 'preempted' }, { outcome: 'ok' }]);
    await expect(house.core.jobs.requeueTask(id, house.actor)).rejects.toMatchObject({
      code: 'task_finished',
    });
  });

  it('cancels a single task with what builds on it', async () => {
    ends = { a: 'hang' };
    const job = await submit({ tasks: [named('a'), named('b', { needs: ['a'] }), named('c')] });
    await reach(job, 'a', 'running');
    await house.core.jobs.cancelTask(await taskId(job, 'a'), house.actor);
    await ended(job);
    expect(await states(job)).toEqual({ a: 'canceled', b: 'canceled', c: 'succeeded' });
  });
});

describe('history', () => {
  it('takes ended jobs out of the hot tables, where lists still find them, and gives them back', async () => {
    ends = { bad: { outcome: 'failed', failure: labFailure('input') } };
    const job = await submit({ tasks: [named('good'), named('bad'), named('after', { needs: ['bad'] })] });
    await ended(job);
    await house.fleet.quiet();
    while ((await moveEndedJobs(house.database.store, 0)) > 0);
    const hot = await db().selectFrom('task').select('id').where('job_id', '=', job.id).execute();
    expect(hot).toEqual([]);
    expect(await states(job)).toEqual({ after: 'canceled', bad: 'failed', good: 'succeeded' });
    ends = {};
    await house.core.jobs.retryFailed(job.id, house.actor);
    expect((await ended(job)).state).toBe('succeeded');
    expect(await states(job)).toEqual({ after: 'succeeded', bad: 'succeeded', good: 'succeeded' });
    await expectSoundBooks(job);
  });

  it('forgets a job that is removed, and nothing before it has ended', async () => {
    ends = { a: 'hang' };
    const job = await submit({ tasks: [named('a')] });
    await reach(job, 'a', 'running');
    await expect(house.core.jobs.remove(job.id, house.actor)).rejects.toMatchObject({ code: 'job_open' });
    await house.core.jobs.setIntent(job.id, 'cancel', house.actor);
    await ended(job);
    await house.core.jobs.remove(job.id, house.actor);
    await expect(house.core.jobs.get(job.id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await states(job)).toEqual({});
  });
});
