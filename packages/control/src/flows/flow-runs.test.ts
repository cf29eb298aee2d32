import { labFailure } from '@backlot/testkit/lab-workload';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { moveEndedJobs } from '../history/move-ended.ts';
import { applyRetention, usualRetention } from '../history/retention.ts';
import { readRuns } from './runs/run-view.ts';
import { type FlowLab, openFlowLab, statesOf } from './testing/flow-lab.ts';

let lab: FlowLab;
beforeAll(async () => {
  lab = await openFlowLab();
});
afterAll(() => lab?.close());
beforeEach(() => {
  lab.ends = {};
  lab.tellFaults = 0;
  lab.offered.length = 0;
  lab.told.length = 0;
});

const make = (id: string, more: object = {}) => ({ id, kind: 'lab.make', ...more });
const failed = { outcome: 'failed', failure: labFailure('input') } as const;
const db = () => lab.house.database.db;
const jobOf = (id: string) => lab.house.core.jobs.get(id);
const archive = [
  make('film'),
  { id: 'upload', kind: 'lab.upload', in: { file: 'film.film' } },
  { id: 'verify', kind: 'lab.verify', in: { file: 'film.film', copy: 'upload.copy' } },
  { id: 'clean', kind: 'flow.delete', in: { files: 'film.film' }, after: ['verify'] },
  {
    id: 'tell',
    kind: 'lab.tell',
    with: { text: '{{trigger.title}} is at {{upload.copy.path}}' },
    after: ['clean'],
  },
];

describe('a run', () => {
  it('goes from step to step, on nodes and on the control plane, and its job ends with it', async () => {
    const id = await lab.start(await lab.flow(archive), { title: 'Monday' });
    const run = await lab.ended(id);
    expect(statesOf(run)).toEqual({
      run: 'succeeded',
      film: 'succeeded',
      upload: 'succeeded',
      verify: 'succeeded',
      clean: 'succeeded',
      tell: 'succeeded',
    });
    expect(lab.offered).toEqual(['film', 'upload', 'verify']);
    expect(lab.told).toEqual(['Monday is at upload']);
    expect(await jobOf(run.jobId)).toMatchObject({ kind: 'flows.run', state: 'succeeded', failure: null });
    const gone = await db()
      .selectFrom('artifact')
      .select('deleted_at')
      .where('job_id', '=', run.jobId)
      .execute();
    expect(gone.filter(({ deleted_at }) => deleted_at !== null)).toHaveLength(1);
    const events = await db()
      .selectFrom('event')
      .select('kind')
      .where('subject_id', '=', id)
      .orderBy('seq')
      .execute();
    expect(events[0]).toEqual({ kind: 'flow.run.started' });
    expect(events.at(-1)).toEqual({ kind: 'flow.run.ended' });
  });

  it('starts once for a key, however many start it at once', async () => {
    const flow = await lab.flow([make('a')]);
    const ids = await Promise.all(Array.from({ length: 8 }, () => lab.start(flow, {}, 'the same')));
    expect(new Set(ids).size).toBe(1);
    await lab.ended(ids[0] as string);
    expect(lab.offered).toEqual(['a']);
  });

  it('keeps its version when the flow is saved anew', async () => {
    const flow = await lab.flow([
      { id: 'pause', kind: 'flow.wait', with: { for: '1s' } },
      make('a', { after: ['pause'] }),
    ]);
    const id = await lab.start(flow);
    const { name } = await db()
      .selectFrom('flow')
      .select('name')
      .where('id', '=', flow)
      .executeTakeFirstOrThrow();
    await lab.store.save(
      flow,
      {
        note: '',
        definition: { version: 1, name, trigger: { kind: 'flow.manual' }, steps: [make('other')] },
      },
      lab.house.actor,
    );
    expect((await lab.ended(id)).steps.map(({ key }) => key)).toEqual(['pause', 'a']);
    expect((await lab.ended(await lab.start(flow))).steps.map(({ key }) => key)).toEqual(['other']);
  });

  it('is listed without the files of its trigger, and shown with them', async () => {
    const flow = await lab.flow([make('a')]);
    const film = { name: 'x.flv', kind: 'film', digest: 'a'.repeat(64), size: 1, mediaType: '', meta: {} };
    const ports = { segments: { type: 'files' as const, files: Array.from({ length: 200 }, () => film) } };
    const { runId } = await lab.house.flows.start({ flow: { flowId: flow }, key: 'many', ports, data: {} });
    const [row] = await readRuns(db(), sql`r.id = ${runId}`, 1);
    expect(row).toMatchObject({ id: runId, version: 1, step_count: 1 });
    expect(row).not.toHaveProperty('trigger_ports');
    expect((await lab.ended(runId)).ports.segments).toMatchObject({ total: 200 });
  });

  it('waits without anything on a node, and its job stays open', async () => {
    const flow = await lab.flow([
      { id: 'pause', kind: 'flow.wait', with: { for: '1h' } },
      make('a', { after: ['pause'] }),
    ]);
    const id = await lab.start(flow);
    const waiting = await lab.reaches(id, 'waiting');
    expect(waiting.dueAt).not.toBeNull();
    expect(await jobOf(waiting.jobId)).toMatchObject({
      state: 'waiting',
      endedAt: null,
      wait: { code: 'flow.wait.run' },
    });
    expect(lab.offered).toEqual([]);
    await sql`UPDATE flow_step SET due_at = now() WHERE run_id = ${id} AND key = 'pause'`.execute(db());
    await sql`UPDATE flow_run SET due_at = now() WHERE id = ${id}`.execute(db());
    expect(statesOf(await lab.ended(id))).toMatchObject({ run: 'succeeded', a: 'succeeded' });
  });

  it('fails with its step, whose dependents are skipped', async () => {
    lab.ends = { a: failed };
    const run = await lab.ended(
      await lab.start(await lab.flow([make('a'), make('b', { after: ['a'] }), make('c')])),
    );
    expect(statesOf(run)).toEqual({ run: 'failed', a: 'failed', b: 'skipped', c: 'succeeded' });
    expect(run.failure?.signature).toBe('input:lab:test');
    expect(await jobOf(run.jobId)).toMatchObject({
      state: 'failed',
      failure: { signature: 'input:lab:test' },
    });
  });

  it('succeeds, with its job, when the error way has got over the failure', async () => {
    lab.ends = { a: failed };
    const flow = await lab.flow([
      make('a'),
      { id: 'sorry', kind: 'lab.tell', with: { text: 'sorry' }, after: ['a.error'] },
    ]);
    const run = await lab.ended(await lab.start(flow));
    expect(statesOf(run)).toEqual({ run: 'succeeded', a: 'failed', sorry: 'succeeded' });
    expect(await jobOf(run.jobId)).toMatchObject({ state: 'succeeded', failure: null });
    expect(lab.told).toEqual(['sorry']);
  });

  it('tries an upload again without end, whatever node says the same', async () => {
    lab.ends = {
      upload: (attempt) =>
        attempt < 12
          ? { outcome: 'failed', failure: labFailure('stall') }
          : { outcome: 'ok', result: { attempt } },
    };
    const flow = await lab.flow([
      make('film'),
      { id: 'upload', kind: 'lab.upload', in: { file: 'film.film' } },
    ]);
    const run = await lab.ended(await lab.start(flow));
    expect(run.state).toBe('succeeded');
    expect(run.steps[1]?.outputs.copy).toEqual({ type: 'data', data: { attempt: 12 } });
  });

  it('does the body of a for-each side by side', async () => {
    const flow = await lab.flow([
      { id: 'each', kind: 'flow.for-each', in: { data: 'trigger.data' }, with: { collect: 'part.film' } },
      make('part', { within: 'each' }),
      make('end', { in: { files: 'each.files' } }),
    ]);
    const { runId } = await lab.house.flows.start({
      flow: { flowId: flow },
      key: 'k',
      ports: { data: { type: 'data', data: ['a', 'b', 'c'] } },
      data: {},
    });
    const run = await lab.ended(runId);
    expect(run.steps.find(({ key }) => key === 'each')?.outputs.files).toMatchObject({
      files: { length: 3 },
    });
    expect(lab.offered.toSorted()).toEqual(['end', 'part[0]', 'part[1]', 'part[2]']);
  });

  it('performs a step again after a fault of the moment', async () => {
    lab.tellFaults = 2;
    const run = await lab.ended(
      await lab.start(await lab.flow([{ id: 'tell', kind: 'lab.tell', with: { text: 'x' } }])),
    );
    expect(run.state).toBe('succeeded');
    expect(lab.told).toEqual(['x']);
  });

  it('fails a step that takes longer than its limit, and stops its task', async () => {
    lab.ends = { slow: 'hang' };
    const flow = await lab.flow([make('slow', { timeLimit: '1s' }), make('late', { after: ['slow.error'] })]);
    const run = await lab.ended(await lab.start(flow));
    expect(statesOf(run)).toEqual({ run: 'succeeded', slow: 'failed', late: 'succeeded' });
    expect(run.steps[0]?.failure?.reason.code).toBe('flow.time_limit');
    await lab.house.until(async () => (await jobOf(run.jobId)).endedAt !== null, 'the job ends');
  });

  it('goes on when a task is canceled by somebody: what builds on it is skipped', async () => {
    lab.ends = { a: 'hang' };
    const id = await lab.start(
      await lab.flow([make('a'), make('b', { after: ['a'] }), make('big', { with: { cpu: 4096 } })]),
    );
    const run = await lab.run(id);
    for (const { task } of run.steps)
      if (task) await lab.house.core.jobs.cancelTask(task.id, lab.house.actor);
    expect(statesOf(await lab.ended(id))).toEqual({
      run: 'canceled',
      a: 'canceled',
      b: 'skipped',
      big: 'canceled',
    });
  });

  it('is canceled with its job, and says so', async () => {
    lab.ends = { a: 'hang' };
    const id = await lab.start(await lab.flow([make('a'), make('b', { after: ['a'] })]));
    await lab.house.until(async () => lab.offered.includes('a'), 'it runs');
    await lab.house.core.jobs.setIntent((await lab.run(id)).jobId, 'cancel', lab.house.actor);
    const run = await lab.ended(id);
    expect(statesOf(run)).toEqual({ run: 'canceled', a: 'canceled' });
    await expect(lab.house.core.jobs.retryFailed(run.jobId, lab.house.actor)).rejects.toMatchObject({
      code: 'flow_run_job',
    });
  });

  it('goes on after the control plane has died in the middle', async () => {
    const flow = await lab.flow(archive);
    const ids = await Promise.all(Array.from({ length: 10 }, () => lab.start(flow, { title: 'x' })));
    for (let blow = 0; blow < 4; blow += 1) await lab.house.restart();
    for (const id of ids) expect((await lab.ended(id)).state).toBe('succeeded');
    expect(lab.told).toHaveLength(10);
    const { rows } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM artifact WHERE name = 'film.bin' AND task_id IN (
        SELECT task_id FROM flow_step WHERE run_id = ANY(${ids}::uuid[]))
    `.execute(db());
    expect(rows[0]?.n).toBe(10);
  });

  it('can be looked at when its tasks have gone to history', async () => {
    const id = await lab.start(await lab.flow([make('a')]));
    await lab.ended(id);
    await lab.house.fleet.quiet();
    await lab.house.until(async () => {
      await moveEndedJobs(lab.house.database.store, 0);
      const { rows } =
        await sql`SELECT FROM task t JOIN flow_step s ON s.task_id = t.id WHERE s.run_id = ${id}`.execute(
          db(),
        );
      return rows.length === 0;
    }, 'its tasks are history');
    expect((await lab.run(id)).steps[0]?.task?.state).toBe('succeeded');
  });
});

describe('a run of long ago', () => {
  it('is forgotten with its steps, and one that is open is not', async () => {
    const old = await lab.start(await lab.flow([make('a')]));
    await lab.ended(old);
    const open = await lab.start(await lab.flow([{ id: 'pause', kind: 'flow.wait', with: { for: '1d' } }]));
    await sql`UPDATE flow_run SET ended_at = now() - interval '400 days' WHERE id = ${old}`.execute(db());
    const removed = await applyRetention(db(), usualRetention);
    expect(removed.flow_run).toBe(1);
    await expect(lab.run(old)).rejects.toThrow();
    expect((await lab.run(open)).state).toBe('waiting');
  });
});

describe('a delete', () => {
  it('is refused at the time itself when this run has verified nothing', async () => {
    const flow = await lab.flow(archive);
    // As a version of before the check, or a fault of it, would be.
    await sql`ALTER TABLE flow_version DISABLE TRIGGER flow_version_fixed`.execute(db());
    await sql`
      UPDATE flow_version SET definition = jsonb_set(definition, '{steps,3,after}', '[]') WHERE flow_id = ${flow}
    `.execute(db());
    await sql`ALTER TABLE flow_version ENABLE TRIGGER flow_version_fixed`.execute(db());
    lab.ends = { upload: { outcome: 'failed', failure: labFailure('input') } };
    const run = await lab.ended(await lab.start(flow));
    expect(run.steps.find(({ key }) => key === 'clean')).toMatchObject({
      state: 'failed',
      failure: { reason: { code: 'error.flow_not_verified' } },
    });
    const kept = await db()
      .selectFrom('artifact')
      .select('deleted_at')
      .where('job_id', '=', run.jobId)
      .execute();
    expect(kept.every(({ deleted_at }) => deleted_at === null)).toBe(true);
  });
});
