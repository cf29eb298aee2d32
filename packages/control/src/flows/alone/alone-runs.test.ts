import { createHash } from 'node:crypto';
import { newId, systemClock } from '@backlot/contract';
import { givenText } from '@backlot/contract/deputy/given';
import { type AloneStep, aloneMethods } from '@backlot/contract/deputy/messages';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NodeLinks } from '../../kernel.ts';
import { type FlowLab, openFlowLab, statesOf } from '../testing/flow-lab.ts';
import { AloneRuns } from './alone-runs.ts';
import { decideAway } from './away.ts';

let lab: FlowLab;
let nodeId: string;
let runs: AloneRuns;
/** Whether the node can be reached. */
let there = true;
beforeAll(async () => {
  lab = await openFlowLab();
  const { db } = lab.house.database;
  nodeId = (await db.selectFrom('node').select('id').executeTakeFirstOrThrow()).id;
  runs = new AloneRuns({
    db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodes: () => ({ connected: () => there, call: async () => ({ claim: 'mine' }) }) as unknown as NodeLinks,
    changes: () => lab.house.core.forFlows.changes,
    takeStep: (node, run, step) => lab.house.core.takeAloneStep(node, run, step),
    performed: () => ['lab.tell', 'flow.delete'],
    elsewhereAfterMs: 30 * 60_000,
  });
});
afterAll(() => lab?.close());
beforeEach(() => {
  there = true;
  lab.ends = {};
  lab.offered.length = 0;
});

const make = (id: string, more: object = {}) => ({ id, kind: 'lab.make', ...more });
/** What `lab.make` is given: no bytes at all. */
const nothing = createHash('sha256').update('').digest('hex');
const db = () => lab.house.database.db;

/** A run that a node may have begun, and how that node speaks of it. */
async function begunAlone(steps = [make('film'), make('poster', { after: ['film'] })]) {
  const flowId = await lab.flow(steps);
  const key = newId();
  const start = { flow: { flowId }, key, ports: {}, data: {}, alone: { nodeId } };
  const { runId } = await lab.house.flows.start(start);
  const run = await lab.run(runId);
  return { runId, jobId: run.jobId, run: { run: newId(), key, version: run.versionId } };
}

type Ending = Pick<AloneStep, 'run' | 'key' | 'version'> & Partial<AloneStep>;
const film = { kind: 'film', digest: 'a'.repeat(64), size: 1, mediaType: 'video/mp4', meta: {} };

function told(ending: Ending) {
  const at = new Date().toISOString();
  const payload = {
    step: 'film',
    kind: 'lab.work',
    allocation: newId(),
    attempt: 1,
    given: nothing,
    outcome: 'ok',
    outputs: [{ ...film, name: 'film.bin' }],
    facts: [],
    result: {},
    startedAt: at,
    endedAt: at,
    ...ending,
  } satisfies AloneStep;
  return call(aloneMethods.step, payload);
}

const call = async (method: string, payload: unknown) =>
  (await runs.call(nodeId, { allocation: nodeId, method, payload, deadlineMs: 1_000 })).answer;
const artifactsOf = (jobId: string) =>
  db().selectFrom('artifact').select(['digest', 'task_id']).where('job_id', '=', jobId).execute();

describe('what a node did alone', () => {
  it('is taken in, also when the answer was lost, and the rest goes on here', async () => {
    const { runId, run } = await begunAlone();
    const allocation = newId();
    expect(await told({ ...run, allocation })).toBe('taken');
    expect(await told({ ...run, allocation })).toBe('taken');
    expect(lab.offered).toEqual([]);
    expect(await call(aloneMethods.end, { ...run, left: ['poster'] })).toBe('taken');
    expect(statesOf(await lab.ended(runId))).toEqual({
      run: 'succeeded',
      film: 'succeeded',
      poster: 'succeeded',
    });
    expect(lab.offered).toEqual(['poster']);
  });

  it('is kept and refused when it was given other files: the run does it with all of them', async () => {
    const { runId, jobId, run } = await begunAlone();
    expect(await told({ ...run, given: 'b'.repeat(64) })).toBe('unwanted');
    const [kept] = await artifactsOf(jobId);
    expect(kept?.digest).toBe(film.digest);
    const ended = await lab.ended(runId);
    expect(ended.state).toBe('succeeded');
    expect(lab.offered).toEqual(['film', 'poster']);
    // Its bytes are nobody's output.
    const outputs = ended.steps.flatMap(({ outputs: { film: out } }) =>
      out?.type === 'file' ? [out.file.digest] : [],
    );
    expect(outputs).not.toContain(film.digest);
    expect(await told({ ...run, given: 'b'.repeat(64) })).toBe('unwanted');
  });

  it('is refused when it ran another version', async () => {
    const { runId, run } = await begunAlone();
    const { flowId } = await lab.run(runId);
    const { definition } = await lab.run(runId);
    await lab.store.save(flowId, { definition: { ...definition, name: 'other' }, note: '' }, lab.house.actor);
    const other = await db()
      .selectFrom('flow_version')
      .select('id')
      .where('flow_id', '=', flowId)
      .where('id', '<>', run.version)
      .executeTakeFirstOrThrow();
    expect(await told({ ...run, version: other.id })).toBe('unwanted');
    await lab.ended(runId);
    expect(lab.offered).toEqual(['film', 'poster']);
  });

  it('is kept and refused when the run was canceled', async () => {
    const { jobId, run } = await begunAlone();
    await lab.house.core.jobs.setIntent(jobId, 'cancel', lab.house.actor);
    expect(await told(run)).toBe('unwanted');
    expect(await told({ ...run, step: 'poster' })).toBe('unwanted');
    expect((await artifactsOf(jobId)).map(({ digest }) => digest)).toContain(film.digest);
  });

  it('is not begun here because its job was paused and resumed', async () => {
    const { jobId } = await begunAlone();
    const pausedOf = async () =>
      (await db().selectFrom('task').select(['key', 'paused']).where('job_id', '=', jobId).execute())
        .filter(({ key }) => key === 'film')
        .map(({ paused }) => paused);
    await lab.house.core.jobs.setIntent(jobId, 'pause', lab.house.actor);
    await lab.house.core.jobs.setIntent(jobId, 'run', lab.house.actor);
    expect(await pausedOf()).toEqual([true]);
  });

  it('is heard once the fact is here, although its flow was disabled meanwhile; that of a removed flow is not', async () => {
    const { run, runId } = await begunAlone();
    const { flowId } = await lab.run(runId);
    const unknown = { ...run, key: newId() };
    await lab.store.setEnabled(flowId, false, lab.house.actor);
    expect(await told(unknown)).toBe('later');
    expect(await told(run)).toBe('taken');
    expect(await call(aloneMethods.end, { ...run, left: ['poster'] })).toBe('taken');
    await lab.ended(runId);
    await lab.store.remove(flowId, lab.house.actor);
    expect(await told(unknown)).toBe('unwanted');
  });

  it('is refused when the run has no such step and nothing waits', async () => {
    const { runId, run } = await begunAlone([make('film')]);
    expect(await told({ ...run, step: 'nowhere' })).toBe('unwanted');
    expect((await lab.ended(runId)).state).toBe('succeeded');
  });
});

describe('the time that a flow gives to a step', () => {
  /** A film with a limit, and a poster for each way in which it may end. */
  const limited = [
    make('film', { timeLimit: '1s' }),
    make('poster', { after: ['film'] }),
    make('sorry', { after: ['film.error'] }),
  ];
  /** Resolves when a step with the same limit, which began later, was found late. */
  const over = async () => {
    lab.ends = { ...lab.ends, witness: 'hang' };
    await lab.ended(await lab.start(await lab.flow([make('witness', { timeLimit: '1s' })])));
    lab.offered.splice(lab.offered.indexOf('witness'), 1);
  };

  it('is the node’s to count while the run is the node’s: only the branch that it took is taken', async () => {
    const { runId, run } = await begunAlone(limited);
    await over();
    expect(statesOf(await lab.run(runId))).toMatchObject({ film: 'running' });
    expect(await told(run)).toBe('taken');
    expect(await told({ ...run, step: 'poster' })).toBe('taken');
    expect(await call(aloneMethods.end, { ...run, left: [] })).toBe('taken');
    expect(statesOf(await lab.ended(runId))).toEqual({
      run: 'succeeded',
      film: 'succeeded',
      poster: 'succeeded',
      sorry: 'skipped',
    });
    expect(lab.offered).toEqual([]);
  });

  it('is over here as well when the node says so', async () => {
    const { runId, run } = await begunAlone(limited);
    const failure = {
      class: 'stall',
      reason: { code: 'flow.time_limit', params: { step: 'film' }, message: 'x' },
      signature: 'stall:flow.time_limit',
    } as const;
    expect(await told({ ...run, outcome: 'failed', failure, outputs: [] })).toBe('taken');
    expect(await call(aloneMethods.end, { ...run, left: ['sorry'] })).toBe('taken');
    expect(statesOf(await lab.ended(runId))).toMatchObject({
      film: 'failed',
      poster: 'skipped',
      sorry: 'succeeded',
    });
  });

  it('begins here when the run comes here', async () => {
    lab.ends = { film: 'hang' };
    const { runId, run } = await begunAlone(limited);
    await over();
    expect(await call(aloneMethods.end, { ...run, left: ['film'] })).toBe('taken');
    expect(statesOf(await lab.ended(runId))).toMatchObject({ film: 'failed', sorry: 'succeeded' });
    expect(lab.offered).toEqual(['film', 'sorry']);
  });
});

describe('a run of a node that is lost', () => {
  const copy = (id: string, of: string) => ({ id, kind: 'lab.copy', in: { file: of } });
  const look = () => runs.sweep(new AbortController().signal);
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  /** What the task of a step was given, as its node would say it. */
  const givenOf = async (jobId: string, key: string) => {
    const { spec } = await db()
      .selectFrom('task')
      .select('spec')
      .where('job_id', '=', jobId)
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    return sha(givenText(spec));
  };
  const lose = async (away: string) => {
    there = false;
    await sql`UPDATE node SET state = 'lost', unreachable_since = now() - ${away}::interval WHERE id = ${nodeId}`.execute(
      db(),
    );
  };
  const comeBack = async () => {
    there = true;
    await sql`UPDATE node SET state = 'ready', unreachable_since = NULL WHERE id = ${nodeId}`.execute(db());
    lab.house.core.placement.wake('node-changed');
  };
  beforeAll(async () => {
    await lab.house.fleet.add({ cpu: 64, memory: 64 * 1024 ** 3 });
  });
  afterEach(comeBack);

  const saidLost = async (runId: string) =>
    await db()
      .selectFrom('event')
      .select('body')
      .where('kind', '=', 'flow.run.node-lost')
      .where('subject_id', '=', runId)
      .execute();
  const waitOf = async (runId: string, key: string) =>
    (await lab.run(runId)).steps.find((step) => step.key === key)?.task?.wait;

  it('stays where it is for as long as the node may come back at any moment', async () => {
    const { runId } = await begunAlone();
    await lose('29 minutes');
    await look();
    expect(lab.offered).toEqual([]);
    expect(await saidLost(runId)).toEqual([]);
    expect(await waitOf(runId, 'film')).toMatchObject({ code: 'flow.wait.alone' });
  });

  it('goes on elsewhere with what needs no bytes of it; the rest says what it waits for, and it is told once', async () => {
    const { runId, jobId, run } = await begunAlone([
      make('film'),
      copy('poster', 'film.film'),
      make('other'),
    ]);
    expect(await told(run)).toBe('taken');
    await lose('31 minutes');
    await look();
    await lab.house.until(async () => lab.offered.includes('other'), 'the other step is offered');
    await look();
    expect(await waitOf(runId, 'poster')).toMatchObject({
      code: 'flow.wait.node',
      params: { count: 1, files: 'source.bin', since: expect.stringMatching(/Z$/) },
    });
    expect(await saidLost(runId)).toMatchObject([
      { body: { nodeId, waiting: [{ step: 'poster', files: 1 }] } },
    ]);
    // Somebody else has the bytes after all.
    const [other] = await db().selectFrom('node').select('id').where('id', '<>', nodeId).execute();
    await sql`INSERT INTO artifact_holder (digest, node_id) VALUES (${film.digest}, ${other?.id})`.execute(
      db(),
    );
    await look();
    expect(statesOf(await lab.ended(runId))).toMatchObject({ run: 'succeeded', poster: 'succeeded' });
    await sql`DELETE FROM artifact_holder WHERE node_id = ${other?.id}`.execute(db());
    expect(await saidLost(runId)).toHaveLength(1);
    expect((await artifactsOf(jobId)).filter(({ digest }) => digest === film.digest)).toHaveLength(1);
  });

  it('takes from the node, when it is back, what has not ended here, and has each result once', async () => {
    const { runId, jobId, run } = await begunAlone([
      make('film'),
      copy('poster', 'film.film'),
      make('other'),
    ]);
    expect(await told(run)).toBe('taken');
    await lose('31 minutes');
    await look();
    await lab.house.until(
      async () => (await lab.run(runId)).steps.find(({ key }) => key === 'other')?.state === 'succeeded',
      'the other step has ended elsewhere',
    );
    const before = await artifactsOf(jobId);
    await comeBack();
    await look();
    expect(await waitOf(runId, 'poster')).toMatchObject({ code: 'flow.wait.alone' });
    const mine = (name: string, digit: string) => [{ ...film, name, digest: digit.repeat(64) }];
    expect(await told({ ...run, step: 'other', outputs: mine('other.bin', 'd') })).toBe('taken');
    const poster = { ...run, step: 'poster', given: await givenOf(jobId, 'poster') };
    expect(await told({ ...poster, outputs: mine('poster.bin', 'e') })).toBe('taken');
    expect(await call(aloneMethods.end, { ...run, left: [] })).toBe('taken');
    const ended = await lab.ended(runId);
    expect(statesOf(ended)).toMatchObject({ run: 'succeeded', poster: 'succeeded', other: 'succeeded' });
    expect(lab.offered).toEqual(['other']);
    // What ended elsewhere stays as it is; of the node there is one thing more, and it is the poster.
    const after = await artifactsOf(jobId);
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after.map(({ digest }) => digest)).toContain('e'.repeat(64));
  });

  it('makes the node wait while a step of it runs elsewhere: one of the two results counts', async () => {
    lab.ends = { film: 'hang' };
    const { runId, jobId, run } = await begunAlone([make('film')]);
    await lose('31 minutes');
    await look();
    await lab.house.until(async () => lab.offered.includes('film'), 'the film is offered');
    await comeBack();
    expect(await told(run)).toBe('later');
    expect((await artifactsOf(jobId)).map(({ digest }) => digest)).not.toContain(film.digest);
    for (const node of lab.house.fleet.nodes.values()) {
      for (const id of node.allocations.keys()) {
        await lab.house.fleet.finish(node, id, { outcome: 'ok', outputs: ['film.bin'] });
      }
    }
    await lab.ended(runId);
    expect(await told(run)).toBe('taken');
    expect(await artifactsOf(jobId)).toHaveLength(1);
    expect((await artifactsOf(jobId)).map(({ digest }) => digest)).not.toContain(film.digest);
  });

  it('is not begun elsewhere while somebody has paused it', async () => {
    const { jobId } = await begunAlone();
    await lab.house.core.jobs.setIntent(jobId, 'pause', lab.house.actor);
    await lose('31 minutes');
    await look();
    expect(lab.offered).toEqual([]);
    await lab.house.core.jobs.setIntent(jobId, 'run', lab.house.actor);
    await look();
    await lab.house.until(async () => lab.offered.includes('film'), 'the film is offered');
  });
});

describe('what becomes of a run that a node is to tell of', () => {
  const node = { name: 'north', state: 'lost', connected: false, awayMs: 60_000 };
  it.each([
    [{ ...node, state: 'ready', connected: true, awayMs: null }, 'ask'],
    [{ ...node, state: 'unreachable' }, 'wait'],
    [{ ...node, awayMs: 59_999 }, 'wait'],
    [node, 'elsewhere'],
    [{ ...node, connected: true }, 'ask'],
    [{ ...node, state: 'removed', connected: true }, 'let-go'],
    [{ ...node, state: null }, 'let-go'],
  ] as const)('%j: %s', (one, action) => {
    expect(decideAway(one, 60_000)).toBe(action);
  });
});
