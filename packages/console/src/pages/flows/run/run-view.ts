import type { FlowRunStep } from '@backlot/contract/flow/api';
import type { Tone } from '../../../parts/state-tone.ts';

/** What the records of one step of a flow come to: inside a for-each it has run many times. */
export interface StepView {
  readonly step: string;
  readonly state: FlowRunStep['state'];
  readonly records: readonly FlowRunStep[];
  /** Items that have ended, of all so far. */
  readonly done: number;
  /** Share that is done while it runs; null when nobody knows. */
  readonly fraction: number | null | undefined;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

const ended: readonly FlowRunStep['state'][] = ['succeeded', 'failed', 'skipped', 'canceled'];
/** What a reader has to know first. */
const order: readonly FlowRunStep['state'][] = [
  'running',
  'failed',
  'waiting',
  'canceled',
  'pending',
  'succeeded',
  'skipped',
];

const tones: Readonly<Record<FlowRunStep['state'], Tone>> = {
  running: 'running',
  waiting: 'waiting',
  succeeded: 'done',
  failed: 'failed',
  skipped: 'idle',
  canceled: 'idle',
  pending: 'idle',
};
export const stepTone = (state: FlowRunStep['state']): Tone => tones[state];

/** The steps of a run, one view for each step of the flow that has records. */
export function viewSteps(records: readonly FlowRunStep[]): ReadonlyMap<string, StepView> {
  const groups = new Map<string, FlowRunStep[]>();
  for (const record of records) groups.set(record.step, [...(groups.get(record.step) ?? []), record]);
  return new Map([...groups].map(([step, group]) => [step, viewOf(step, group)]));
}

function viewOf(step: string, records: readonly FlowRunStep[]): StepView {
  const state = order.find((one) => records.some((record) => record.state === one)) ?? 'pending';
  const done = records.filter((record) => ended.includes(record.state)).length;
  const [only] = records;
  const starts = records.flatMap((record) => record.startedAt ?? []).sort();
  const ends = records.flatMap((record) => record.endedAt ?? []).sort();
  return {
    step,
    state,
    records,
    done,
    fraction:
      state !== 'running'
        ? undefined
        : records.length > 1
          ? done / records.length
          : (only?.task?.progress?.fraction ?? null),
    startedAt: starts[0] ?? null,
    endedAt: done === records.length ? (ends.at(-1) ?? null) : null,
  };
}

/** Ids of the wires that were used: those behind a step that took this branch, or gave this value. */
export function takenWires(
  wires: readonly {
    readonly id: string;
    readonly from: string;
    readonly branch: string | undefined;
    readonly to: string;
  }[],
  steps: ReadonlyMap<string, StepView>,
): ReadonlySet<string> {
  const used = wires.filter(({ from, branch, to }) => {
    const target = steps.get(to)?.state ?? 'pending';
    if (target === 'pending' || target === 'skipped') return false;
    if (from === 'trigger') return true;
    const source = steps.get(from);
    if (!source) return false;
    return branch === undefined
      ? source.state !== 'pending' && source.state !== 'skipped'
      : source.records.some((record) => record.branch === branch);
  });
  return new Set(used.map(({ id }) => id));
}
