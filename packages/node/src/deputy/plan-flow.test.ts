import {
  collectStepKinds,
  type FileValue,
  newId,
  type Output,
  type StepKind,
  type StepRecord,
} from '@backlot/contract';
import { kernelSteps } from '@backlot/contract/flow/kinds/kernel-steps';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { planFlow } from './plan-flow.ts';
import { applyRecord, firstFacts, type RunFacts } from './run-facts.ts';

/** Makes a film of a film; its draft names the digest of what came in. */
const copy: StepKind<{ note: string }> = {
  kind: 'tiny.copy',
  title: { en: 'Copy', 'zh-CN': '复制' },
  summary: { en: 'Copies.', 'zh-CN': '复制。' },
  parameters: z.object({ note: z.string().default('') }),
  inputs: { film: { type: 'file' } },
  outputs: { film: { type: 'file' }, facts: { type: 'data' } },
  draft({ inputs, parameters }) {
    const { film } = inputs;
    if (film?.type !== 'file') throw new Error('no film');
    const { digest, size } = film.file;
    return { kind: 'tiny.copy', parameters, inputs: [{ name: 'film', digest, size }] };
  },
  outcome: (_input, { outputs: [file], result }) => ({
    ports: {
      ...(file ? { film: { type: 'file', file } } : {}),
      facts: { type: 'data', data: (result ?? {}) as never },
    },
  }),
};
const tell: StepKind = {
  kind: 'tiny.tell',
  title: copy.title,
  summary: copy.summary,
  parameters: z.object({}),
  inputs: {},
  outputs: {},
  performedBy: 'control',
};

const nodeId = newId();
const plan = planFlow(collectStepKinds([...kernelSteps, copy, tell]), nodeId);
const film: FileValue = {
  digest: 'a'.repeat(64),
  size: 5,
  name: 'x.ts',
  mediaType: 'video/mp2t',
  kind: 'film',
  meta: {},
};

function runOf(steps: unknown[]): RunFacts {
  return firstFacts({
    r: 'begun',
    run: newId(),
    key: 'key',
    at: '2026-11-26T20:00:00.000Z',
    bundle: {
      allocation: newId(),
      version: newId(),
      flow: { id: newId(), name: 'archive', number: 1 },
      projectId: newId(),
      definition: { version: 1, name: 'archive', trigger: { kind: 'tiny.done' }, steps },
      secrets: {},
    },
    trigger: { ports: { film: { type: 'file', file: film } }, data: { title: 'Evening' } },
  });
}

/** The facts after a step has ended with a file. */
function ended(facts: RunFacts, step: string, digest: string, outcome: 'ok' | 'failed' = 'ok'): RunFacts {
  const allocation = newId();
  const output: Output = {
    name: 'film.mp4',
    kind: 'film',
    digest: digest.repeat(64),
    size: 6,
    mediaType: 'video/mp4',
    meta: {},
  };
  const at = '2026-11-26T20:01:00.000Z';
  const records = [
    { r: 'attempt' as const, step, kind: 'tiny.copy', allocation, attempt: 1, at },
    {
      r: 'said' as const,
      report: {
        allocation,
        fence: 1,
        seq: 1,
        state: 'ended' as const,
        outputs: [output],
        result: { big: true },
      },
    },
    { r: 'ended' as const, step, outcome, at },
  ];
  return records.reduce(applyRecord, facts);
}

const opened = (facts: RunFacts, now = 0) => plan(facts, now).open.map(({ step }) => step);

describe('what a flow wants next on a node that is alone', () => {
  it('is planned from its own trigger, whatever another run of what was entrusted began with', () => {
    const first = runOf([{ id: 'copy', kind: 'tiny.copy', in: { film: 'trigger.film' } }]);
    const other = { ...film, digest: 'b'.repeat(64) };
    const second = firstFacts({
      r: 'begun',
      run: newId(),
      key: 'another',
      at: '2026-11-26T21:00:00.000Z',
      bundle: first.bundle,
      trigger: { ports: { film: { type: 'file', file: other } }, data: { title: 'Night' } },
    });
    const inputs = [first, second, first].map((run) =>
      plan(run, Date.parse('2026-11-26T21:00:01.000Z')).open.map(({ draft }) => draft?.inputs[0]?.digest),
    );
    expect(inputs).toEqual([[film.digest], [other.digest], [film.digest]]);
  });

  const steps = [
    { id: 'mp4', kind: 'tiny.copy', in: { film: 'trigger.film' }, with: { note: '{{trigger.title}}' } },
    { id: 'small', kind: 'tiny.copy', in: { film: 'mp4.film' } },
    { id: 'notify', kind: 'tiny.tell', after: ['small'] },
    { id: 'rescue', kind: 'tiny.copy', in: { film: 'trigger.film' }, after: ['mp4.error'] },
  ];

  it('is the first step, with its templates filled in, and what follows gets what came out of it, from this node', () => {
    const facts = runOf(steps);
    const [first] = plan(facts, 0).open;
    expect(first).toMatchObject({ step: 'mp4', name: 'mp4', kind: 'tiny.copy' });
    expect(first?.draft?.parameters).toEqual({ note: 'Evening' });
    expect(first?.draft?.inputs[0]?.digest).toBe(film.digest);
    const [second, ...none] = plan(ended(facts, 'mp4', 'b'), 0).open;
    expect(none).toEqual([]);
    expect(second?.draft?.inputs[0]?.digest).toBe('b'.repeat(64));
    expect(second?.draft?.constraints.prefer).toEqual([nodeId]);
  });

  it('is the way for errors when a step has failed', () => {
    expect(opened(ended(runOf(steps), 'mp4', 'b', 'failed'))).toEqual(['rescue']);
  });

  it('leaves to the control plane what only it can do, and stays at that', () => {
    const facts = ended(ended(runOf(steps), 'mp4', 'b'), 'small', 'c');
    const { open } = plan(facts, 0);
    expect(open).toEqual([{ step: 'notify', name: 'notify', kind: 'tiny.tell', draft: undefined }]);
  });

  it('is the same whenever it is asked', () => {
    const facts = ended(runOf(steps), 'mp4', 'b');
    expect(plan(facts, 0)).toEqual(plan(facts, 1_000_000));
  });

  it('waits for a time that is worked out once', () => {
    const facts = runOf([
      { id: 'later', kind: 'flow.wait', with: { for: '10m' } },
      { id: 'mp4', kind: 'tiny.copy', in: { film: 'trigger.film' }, after: ['later'] },
    ]);
    const first = plan(facts, 1_000);
    expect(first).toMatchObject({ open: [], wakeAt: 601_000, waits: [{ key: 'later', dueAt: 601_000 }] });
    const known = applyRecord(facts, { r: 'waits', record: first.waits[0] as StepRecord });
    expect(plan(known, 500_000)).toMatchObject({ open: [], waits: [], wakeAt: 601_000 });
    expect(opened(known, 601_000)).toEqual(['mp4']);
  });

  it('goes the way that a condition says', () => {
    const facts = runOf([
      { id: 'mp4', kind: 'tiny.copy', in: { film: 'trigger.film' } },
      { id: 'is-big', kind: 'flow.condition', with: { if: 'mp4.facts.big' }, in: { data: 'mp4.facts' } },
      { id: 'yes', kind: 'tiny.copy', in: { film: 'mp4.film' }, after: ['is-big.true'] },
      { id: 'no', kind: 'tiny.copy', in: { film: 'mp4.film' }, after: ['is-big.false'] },
    ]);
    expect(opened(ended(facts, 'mp4', 'b'))).toEqual(['yes']);
  });

  it('does a body once for each file', () => {
    const facts = runOf([
      { id: 'each', kind: 'flow.for-each', in: { files: ['trigger.film', 'trigger.film'] } },
      { id: 'part', kind: 'tiny.copy', in: { film: 'each.file' }, within: 'each' },
    ]);
    expect(opened(facts)).toEqual(['part[0]', 'part[1]']);
    expect(plan(facts, 0).open.map(({ name }) => name)).toEqual(['part', 'part']);
    expect(opened(ended(facts, 'part[0]', 'b'))).toEqual(['part[1]']);
  });
});
