import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFlow } from '../check/check-flow.ts';
import { FlowDefinition, type FlowStep } from '../definition.ts';
import { allWell, type Fate, runInput, simulate } from '../testing/run-flow.ts';
import { sampleKinds } from '../testing/sample-kinds.ts';
import { advanceFlow } from './advance.ts';
import { inputsOf } from './resolve.ts';
import { reusableRecords } from './reuse.ts';
import { runContext } from './run-context.ts';
import { filesOf, verifiedDigests } from './verified.ts';

const kinds = [
  'test.work',
  'test.upload',
  'test.verify',
  'test.tell',
  'flow.condition',
  'flow.wait',
  'flow.parallel',
  'flow.gather',
  'flow.for-each',
  'flow.delete',
];

/** A flow of up to ten steps that build on earlier ones in every way that there is; not all of them are sound. */
const flowsOf = (of: readonly string[]) =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom(...of),
        from: fc.array(
          fc.record({ step: fc.nat(9), way: fc.constantFrom('', '.error', '.true', '.false') }),
          {
            maxLength: 3,
          },
        ),
        file: fc.option(fc.nat(9), { nil: undefined }),
        mode: fc.constantFrom('all', 'any', 'settled'),
        truth: fc.boolean(),
        onError: fc.constantFrom('fail' as const, 'fail' as const, 'continue' as const),
        within: fc.option(fc.nat(9), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 10 },
    )
    .map((parts): FlowDefinition => {
      const steps: Partial<FlowStep>[] = parts.map((part, index) => {
        const earlier = (n: number) => parts[n % Math.max(1, index)];
        const around =
          part.within !== undefined && index > 0 && earlier(part.within)?.kind === 'flow.for-each'
            ? `s${part.within % index}`
            : undefined;
        const after = index === 0 ? [] : part.from.map(({ step, way }) => `s${step % index}${way}`);
        const source = part.file === undefined || index === 0 ? undefined : earlier(part.file);
        const file =
          source?.kind === 'test.work'
            ? `s${(part.file ?? 0) % index}.file`
            : around
              ? `${around}.file`
              : 'trigger.film';
        const base = {
          id: `s${index}`,
          kind: part.kind,
          after,
          onError: part.onError,
          ...(around ? { within: around } : {}),
        };
        switch (part.kind) {
          case 'test.work':
            return { ...base, in: { file } };
          case 'test.upload':
            return { ...base, with: { path: '{{trigger.title}}' }, in: { file } };
          case 'test.verify':
            return { ...base, in: { file, copy: 'trigger.data' } };
          case 'test.tell':
            return { ...base, with: { text: 'x' } };
          case 'flow.condition':
            return { ...base, with: { if: part.truth ? 'true' : 'trigger.nothing' } };
          case 'flow.wait':
            return { ...base, with: { for: '5m' } };
          case 'flow.gather':
            return { ...base, with: { mode: part.mode } };
          case 'flow.for-each':
            return { ...base, in: { files: 'trigger.segments' } };
          case 'flow.delete':
            return { ...base, in: { files: file } };
          default:
            return base;
        }
      });
      return FlowDefinition.parse({ version: 1, name: 'random', trigger: { kind: 'test.ended' }, steps });
    })
    .filter((flow) =>
      checkFlow(flow, sampleKinds).every(
        ({ code, severity }) => severity === 'warning' || code === 'flow.delete_unverified',
      ),
    );
const randomFlow = flowsOf(kinds);
/** Such as verify a lot: a delete is put behind each of their steps in turn. */
const verifying = flowsOf(['test.verify', 'test.verify', 'flow.gather', 'flow.condition', 'flow.for-each']);
const isSound = (flow: FlowDefinition) =>
  checkFlow(flow, sampleKinds).every(({ severity }) => severity === 'warning');

/** Which tasks fail, and in which order tasks end, from a list of numbers. */
const luck = fc.array(fc.nat(999), { minLength: 20, maxLength: 60 });
const fateOf =
  (numbers: readonly number[]): Fate =>
  (key) => {
    const n =
      numbers[(key.length * 7 + key.charCodeAt(1) * 13 + key.charCodeAt(key.length - 2)) % numbers.length] ??
      0;
    return n % 4 === 0 ? { state: 'failed' } : n % 37 === 0 ? { state: 'canceled' } : allWell(key);
  };
const pickOf = (numbers: readonly number[]) => {
  let n = 0;
  return () => numbers[n++ % numbers.length] ?? 0;
};
const data = { title: 't' };

describe('any flow that is sound', () => {
  it('ends, whatever fails and in whatever order things end, and starts no step twice', () => {
    fc.assert(
      fc.property(randomFlow, luck, (flow, numbers) => {
        // `simulate` throws when a step starts twice, when nothing goes on, and when there is no end.
        const run = simulate(flow, { fate: fateOf(numbers), pick: pickOf(numbers), data });
        expect(run.ended).not.toBeNull();
      }),
      { numRuns: 600 },
    );
  });

  it('goes on the same from the same records, and asking twice gives nothing new', () => {
    fc.assert(
      fc.property(randomFlow, luck, fc.nat(30), (flow, numbers, at) => {
        const all = [
          ...simulate(flow, { fate: fateOf(numbers), pick: pickOf(numbers), data }).records.values(),
        ];
        // Any beginning of a run is a state that a crash may leave behind.
        const input = runInput(flow, all.slice(0, at), data);
        const one = advanceFlow(input, 5);
        const other = advanceFlow({ ...input, records: [...input.records].reverse() }, 5);
        expect(JSON.stringify(other.tasks)).toBe(JSON.stringify(one.tasks));
        expect(other.ended).toEqual(one.ended);
        const known = new Map(input.records.map((record) => [record.key, record]));
        for (const record of one.records) known.set(record.key, record);
        const again = advanceFlow({ ...input, records: [...known.values()] }, 5);
        expect(again).toMatchObject({ records: [], tasks: [], performs: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('deletes nothing of which it has not verified a copy before', () => {
    let deletes = 0;
    fc.assert(
      fc.property(verifying, fc.nat(9), luck, (base, place, numbers) => {
        const after = base.steps[place % base.steps.length];
        if (!after) return;
        const files = after.within ? `${after.within}.file` : 'trigger.film';
        const clean = {
          id: 'clean',
          kind: 'flow.delete',
          in: { files },
          after: [after.id],
          ...(after.within ? { within: after.within } : {}),
        };
        const flow = FlowDefinition.parse({ ...base, steps: [...base.steps, clean] });
        if (!isSound(flow)) return;
        simulate(flow, {
          fate: fateOf(numbers),
          pick: pickOf(numbers),
          data,
          onPerform(key, records) {
            const input = runInput(flow, records, data);
            const context = runContext(input);
            const record = context.records.get(key);
            const node = record && context.graph.get(record.step);
            if (!record || !node || node.step.kind !== 'flow.delete') return;
            deletes += 1;
            const verified = verifiedDigests(input);
            const files = filesOf(inputsOf(context, { node, at: record.at }).files);
            expect(files.length).toBeGreaterThan(0);
            for (const { digest } of files) expect(verified.has(digest)).toBe(true);
          },
        });
      }),
      { numRuns: 1_000 },
    );
    expect(deletes).toBeGreaterThan(20);
  });

  it('ends also when it is done again from what succeeded, and does not repeat that', () => {
    fc.assert(
      fc.property(randomFlow, luck, (flow, numbers) => {
        const before = simulate(flow, { fate: fateOf(numbers), pick: pickOf(numbers), data });
        const records = reusableRecords(
          { definition: flow, records: [...before.records.values()] },
          flow,
          sampleKinds.steps,
        );
        const again = simulate(flow, { records, data });
        expect(again.ended).not.toBeNull();
        const kept = new Set(records.map(({ key }) => key));
        expect(again.started.filter((key) => kept.has(key))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
