import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../definition.ts';
import { allWell, flowOf, runInput, simulate } from '../testing/run-flow.ts';
import { sampleFile, sampleKinds } from '../testing/sample-kinds.ts';
import { advanceFlow } from './advance.ts';
import { reusableRecords } from './reuse.ts';

const work = (id: string, more: object = {}) => ({ id, kind: 'test.work', ...more });
const failing =
  (...keys: string[]) =>
  (key: string) =>
    keys.includes(key) ? ({ state: 'failed' } as const) : allWell(key);
const states = (definition: FlowDefinition, options: Parameters<typeof simulate>[1] = {}) => {
  const run = simulate(definition, options);
  return {
    ended: run.ended?.state,
    ...Object.fromEntries([...run.records].map(([key, { state }]) => [key, state])),
  };
};

describe('a run of a flow', () => {
  it('ends at once when there is nothing to do', () => {
    expect(states(flowOf([]))).toEqual({ ended: 'succeeded' });
  });

  it('starts a step when all that it builds on has succeeded, and what is independent at once', () => {
    const flow = flowOf([work('a'), work('b'), work('c', { in: { file: 'a.file' }, after: ['b'] })]);
    expect(advanceFlow(runInput(flow), 0).tasks.map(({ key }) => key)).toEqual(['a', 'b']);
    expect(simulate(flow).started).toEqual(['a', 'b', 'c']);
    expect(states(flow)).toEqual({ ended: 'succeeded', a: 'succeeded', b: 'succeeded', c: 'succeeded' });
  });

  it('fails when a step fails, skips what builds on it, and lets the rest go on', () => {
    const flow = flowOf([work('a'), work('b', { after: ['a'] }), work('c')]);
    expect(states(flow, { fate: failing('a') })).toEqual({
      ended: 'failed',
      a: 'failed',
      b: 'skipped',
      c: 'succeeded',
    });
  });

  it('goes on by the error way, and has then succeeded', () => {
    const flow = flowOf([work('a'), work('ok', { after: ['a'] }), work('sorry', { after: ['a.error'] })]);
    expect(states(flow, { fate: failing('a') })).toEqual({
      ended: 'succeeded',
      a: 'failed',
      ok: 'skipped',
      sorry: 'succeeded',
    });
    expect(states(flow)).toEqual({ ended: 'succeeded', a: 'succeeded', ok: 'succeeded', sorry: 'skipped' });
  });

  it('goes on after a failure that is to be ignored, but not with what it should have made', () => {
    const flow = flowOf([
      work('a', { onError: 'continue' }),
      work('after', { after: ['a'] }),
      { id: 'up', kind: 'test.upload', with: { path: 'x' }, in: { file: 'a.file' } },
    ]);
    expect(states(flow, { fate: failing('a') })).toEqual({
      ended: 'succeeded',
      a: 'failed',
      after: 'succeeded',
      up: 'skipped',
    });
  });

  it('chooses by a condition over what the trigger and earlier steps say', () => {
    const flow = flowOf([
      work('a'),
      {
        id: 'check',
        kind: 'flow.condition',
        with: { if: 'trigger.minutes > 5 and a.data.key == "a"' },
        after: ['a'],
      },
      work('long', { after: ['check.true'] }),
      work('short', { after: ['check.false'] }),
      { id: 'meet', kind: 'flow.gather', with: { mode: 'settled' }, after: ['long', 'short'] },
      work('end', { after: ['meet'] }),
    ]);
    expect(states(flow, { data: { minutes: 6 } })).toMatchObject({
      ended: 'succeeded',
      long: 'succeeded',
      short: 'skipped',
      end: 'succeeded',
    });
    expect(states(flow, { data: { minutes: 5 } })).toMatchObject({
      ended: 'succeeded',
      long: 'skipped',
      short: 'succeeded',
      end: 'succeeded',
    });
  });

  it('gathers the first that succeeds, and has got over what failed', () => {
    const flow = flowOf([
      work('a'),
      work('b'),
      { id: 'first', kind: 'flow.gather', with: { mode: 'any' }, in: { files: ['a.file', 'b.file'] } },
      work('end', { in: { files: 'first.files' } }),
    ]);
    expect(states(flow, { fate: failing('a') })).toMatchObject({
      ended: 'succeeded',
      first: 'succeeded',
      end: 'succeeded',
    });
    expect(states(flow, { fate: failing('a', 'b') })).toMatchObject({
      ended: 'failed',
      first: 'skipped',
      end: 'skipped',
    });
    const early = simulate(flow, { pick: () => 1 });
    expect(early.started).toEqual(['a', 'b', 'end']);
  });

  it('waits until its time without a task', () => {
    const flow = flowOf([
      { id: 'pause', kind: 'flow.wait', with: { for: '2h' } },
      work('a', { after: ['pause'] }),
    ]);
    const first = advanceFlow(runInput(flow), 1_000);
    expect(first).toMatchObject({ tasks: [], dueAt: 1_000 + 7_200_000, ended: null });
    expect(advanceFlow(runInput(flow, first.records), 7_200_999).tasks).toEqual([]);
    expect(advanceFlow(runInput(flow, first.records), 7_201_000).tasks.map(({ key }) => key)).toEqual(['a']);
    const until = flowOf([{ id: 'pause', kind: 'flow.wait', with: { until: '{{trigger.at}}' } }]);
    expect(advanceFlow(runInput(until, [], { at: '1970-03-01T00:00:00Z' }), 0).dueAt).toBe(
      Date.parse('1970-03-01T00:00:00Z'),
    );
    expect(states(until, { data: { at: 'soon' } })).toMatchObject({ ended: 'failed', pause: 'failed' });
  });

  it('does the body of a for-each once for each file, and gathers what came out in order', () => {
    const flow = flowOf([
      {
        id: 'each',
        kind: 'flow.for-each',
        in: { files: 'trigger.segments' },
        with: { collect: 'part.file', atOnce: 2 },
      },
      work('part', { within: 'each', in: { file: 'each.file' } }),
      work('more', {
        within: 'each',
        in: { file: 'part.file' },
        with: { name: '{{each.file.name}}', n: '{{each.index}}' },
      }),
      work('end', { in: { files: 'each.files' } }),
    ]);
    const run = simulate(flow);
    expect(run.ended?.state).toBe('succeeded');
    expect(run.started.slice(0, 2)).toEqual(['part[0]', 'part[1]']);
    expect(run.started).toHaveLength(7);
    expect(run.records.get('each')?.ports.files).toMatchObject({
      files: [sampleFile(7), sampleFile(7), sampleFile(7)],
    });
    expect(states(flow, { fate: failing('more[1]') })).toMatchObject({
      ended: 'failed',
      each: 'failed',
      end: 'skipped',
      'more[2]': 'succeeded',
    });
  });

  it('goes through lists, and through for-eaches inside of for-eaches', () => {
    const flow = flowOf([
      { id: 'each', kind: 'flow.for-each', in: { data: 'trigger.data' } },
      { id: 'outer', kind: 'flow.for-each', in: { files: 'trigger.segments' } },
      { id: 'inner', kind: 'flow.for-each', within: 'outer', in: { files: 'trigger.segments' } },
      work('deep', {
        within: 'inner',
        in: { file: 'inner.file' },
        with: { both: '{{outer.index}}-{{inner.index}}' },
      }),
    ]);
    const run = simulate(flow);
    expect(run.started).toHaveLength(9);
    expect(run.started).toContain('deep[2][1]');
    expect(run.records.get('each')?.state).toBe('succeeded');
  });

  it('fills templates as data, and says why a step can’t begin', () => {
    const flow = flowOf([
      work('a', {
        with: { text: 'of {{trigger.title}}', n: '{{trigger.n}}', deep: [{ x: '{{run.name}}' }] },
      }),
    ]);
    const [task] = advanceFlow(runInput(flow, [], { title: '{{trigger.n}}', n: 7 }), 0).tasks;
    expect(task?.draft.parameters).toEqual({ text: 'of {{trigger.n}}', n: 7, deep: [{ x: 'test' }] });
    const bad = simulate(flowOf([work('a', { with: { refuse: true } })]));
    expect(bad.ended?.failure?.reason.message).toBe('"a" could not be begun: refused');
    const gone = simulate(flowOf([{ id: 'a', kind: 'test.gone' }]));
    expect(gone.ended?.failure?.reason.code).toBe('flow.kind_missing');
  });

  it('gives its tasks retries, limits, and the nodes that hold their files', () => {
    const flow = flowOf([
      { id: 'up', kind: 'test.upload', with: { path: 'x' }, in: { file: 'trigger.film' }, timeLimit: '2h' },
      { id: 'up2', kind: 'test.upload', with: { path: 'x' }, in: { file: 'trigger.film' }, retries: 0 },
    ]);
    const input = runInput(flow);
    const film = { type: 'file' as const, file: sampleFile(0, { holders: ['n1'] }) };
    const answer = advanceFlow({ ...input, trigger: { ports: { film }, data: {} } }, 0);
    expect(answer.tasks[0]).toMatchObject({
      timeLimitMs: 7_200_000,
      draft: {
        retry: { maxAttempts: 1_000_000, persistent: true },
        limits: { wallMs: 7_200_000 },
        constraints: { prefer: ['n1'] },
      },
    });
    expect(answer.tasks[1]?.draft.retry?.maxAttempts).toBe(1);
  });
});

describe('a for-each', () => {
  const each = { id: 'each', kind: 'flow.for-each', in: { files: 'trigger.segments' } };
  const part = work('part', { within: 'each', in: { file: 'each.file' } });

  it('is canceled when one of its steps was, and has failed when another has', () => {
    const flow = flowOf([each, part, work('after', { after: ['each'] })]);
    const canceled = simulate(flow, {
      fate: (key) => (key === 'part[1]' ? { state: 'canceled' } : allWell(key)),
    });
    expect(canceled.records.get('each')?.state).toBe('canceled');
    expect(canceled.records.get('after')?.state).toBe('skipped');
    expect(canceled.ended?.state).toBe('canceled');
    const failed = simulate(flow, {
      fate: (key) =>
        key === 'part[1]' ? { state: 'canceled' } : key === 'part[2]' ? { state: 'failed' } : allWell(key),
    });
    expect(failed.ended?.state).toBe('failed');
  });

  it('fails with a sentence before a run gets too large', () => {
    const files = Array.from({ length: 100 }, (_, n) => sampleFile(n));
    const inner = { id: 'inner', kind: 'flow.for-each', in: { files: 'trigger.segments' }, within: 'each' };
    const flow = flowOf([each, inner, work('deep', { within: 'inner' })]);
    const ports = { segments: { type: 'files' as const, files } };
    const input = { ...runInput(flow), trigger: { ports, data: {} } };
    const { records } = advanceFlow(input, 0);
    expect(records.length).toBeLessThanOrEqual(5_000);
    const refused = records.find(({ step, state }) => step === 'inner' && state === 'failed');
    expect(refused?.failure?.reason.code).toBe('flow.rounds_many');
  });
});

describe('doing a run again', () => {
  const flow = flowOf([
    work('a'),
    work('b', { after: ['a'] }),
    work('c', { after: ['b'] }),
    { id: 'each', kind: 'flow.for-each', in: { files: 'trigger.segments' } },
    work('part', { within: 'each', in: { file: 'each.file' } }),
  ]);
  const before = simulate(flow, { fate: failing('b', 'part[1]') });
  const kept = (from?: string, definition = flow) =>
    reusableRecords(
      { definition: flow, records: [...before.records.values()] },
      definition,
      sampleKinds.steps,
      from,
    )
      .map(({ key }) => key)
      .sort();

  it('takes over what succeeded and does the rest', () => {
    expect(kept()).toEqual(['a', 'part[0]', 'part[2]']);
    const again = simulate(flow, {
      records: reusableRecords(
        { definition: flow, records: [...before.records.values()] },
        flow,
        sampleKinds.steps,
      ),
    });
    expect(again.ended?.state).toBe('succeeded');
    expect(again.started.toSorted()).toEqual(['b', 'c', 'part[1]']);
  });

  it('does a step and all that builds on it again', () => {
    expect(kept('a')).toEqual(['part[0]', 'part[2]']);
    expect(kept('part')).toEqual(['a']);
  });

  it('does again what says something else in a newer version', () => {
    const changed = flowOf(
      flow.steps.map((step) =>
        step.id === 'a' ? { ...step, with: { x: 1 } } : { ...step, name: 'only the name' },
      ),
    );
    expect(kept(undefined, changed)).toEqual(['part[0]', 'part[2]']);
  });

  it('reads a copy back anew where something is still to be deleted, and not where nothing is', () => {
    const steps = [
      { id: 'film', kind: 'test.join', in: { segments: 'trigger.segments' } },
      { id: 'up', kind: 'test.upload', in: { file: 'film.film' }, with: { path: 'x' } },
      { id: 'sure', kind: 'test.verify', in: { file: 'film.film', copy: 'up.copy' } },
      { id: 'gone', kind: 'flow.delete', in: { files: 'trigger.segments' }, after: ['sure'] },
    ];
    const reused = (definition: FlowDefinition, from?: string) => {
      const records = [...simulate(definition).records.values()];
      return reusableRecords({ definition, records }, definition, sampleKinds.steps, from)
        .map(({ key }) => key)
        .sort();
    };
    const deleting = flowOf(steps);
    expect(reused(deleting, 'gone')).toEqual(['film', 'up']);
    expect(reused(deleting)).toEqual(['film', 'gone', 'sure', 'up']);
    const keeping = flowOf([...steps.slice(0, 3), work('then', { after: ['sure'] })]);
    expect(reused(keeping, 'then')).toEqual(['film', 'sure', 'up']);
  });
});
