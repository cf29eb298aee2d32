import type { FactDraft, Failure, Output, StateReport, StepRecord } from '@backlot/contract';
import type { Entrust } from '@backlot/contract/deputy/messages';
import type { Findings } from '@backlot/contract/link/messages';
import type { RunRecord } from './run-records.ts';

type Begun = Extract<RunRecord, { r: 'begun' }>;
type Outcome = Extract<RunRecord, { r: 'ended' }>['outcome'];

/** The newest attempt of a step. */
export interface AttemptFacts {
  readonly allocation: string;
  readonly number: number;
  readonly startedAt: string;
  /** SHA-256 of what it was given: see `givenText`. */
  readonly given: string | undefined;
  /** Of the last report that was written down. */
  readonly seq: number;
  /** The last report, once the attempt has ended. */
  readonly last: StateReport | undefined;
}

export interface StepFacts {
  readonly step: string;
  readonly kind: string;
  /** When its first attempt began. */
  readonly startedAt: string;
  readonly attempt: AttemptFacts;
  /** Of all attempts, each name once. */
  readonly outputs: readonly Output[];
  readonly told: boolean;
  /** What its attempts have told on their way, each key once. */
  readonly events: readonly FactDraft[];
  /** When it has ended for good. */
  readonly end:
    | { readonly outcome: Outcome; readonly failure: Failure | undefined; readonly at: string }
    | undefined;
}

/** All that is known of a run that this node has begun alone, folded from its journal. */
export interface RunFacts {
  readonly run: string;
  readonly key: string;
  readonly startedAt: string;
  readonly bundle: Entrust;
  readonly trigger: Begun['trigger'];
  /** In the order in which they began. */
  readonly steps: ReadonlyMap<string, StepFacts>;
  /** Steps that wait, or have waited, for a time. */
  readonly waits: ReadonlyMap<string, StepRecord>;
  /** Steps for the control plane, with why. */
  readonly left: ReadonlyMap<string, string>;
  readonly closed: boolean;
}

export function firstFacts({ run, key, at, bundle, trigger }: Begun): RunFacts {
  return {
    run,
    key,
    startedAt: at,
    bundle,
    trigger,
    steps: new Map(),
    waits: new Map(),
    left: new Map(),
    closed: false,
  };
}

/** What is known after one more record. Pure; a record that is applied twice changes nothing more. */
export function applyRecord(facts: RunFacts, record: RunRecord): RunFacts {
  switch (record.r) {
    case 'begun':
      return facts;
    case 'attempt': {
      const before = facts.steps.get(record.step);
      if (before && (before.end || before.attempt.number >= record.attempt)) return facts;
      const { allocation, attempt: number, at: startedAt, step, kind, given } = record;
      const attempt: AttemptFacts = { allocation, number, startedAt, given, seq: 0, last: undefined };
      const { outputs = [], events = [] } = before ?? {};
      const first = before?.startedAt ?? startedAt;
      return withStep(facts, {
        step,
        kind,
        startedAt: first,
        attempt,
        outputs,
        events,
        end: undefined,
        told: false,
      });
    }
    case 'said':
      return said(facts, record.report);
    case 'waits':
      if (facts.waits.has(record.record.key)) return facts;
      return { ...facts, waits: new Map(facts.waits).set(record.record.key, record.record) };
    case 'found':
      return found(facts, record.findings);
    case 'ended': {
      const before = facts.steps.get(record.step);
      if (!before || before.end) return facts;
      const { outcome, failure, at } = record;
      return withStep(facts, { ...before, end: { outcome, failure, at } });
    }
    case 'left':
      return { ...facts, left: new Map(facts.left).set(record.step, record.why) };
    case 'told': {
      const before = facts.steps.get(record.step);
      return before ? withStep(facts, { ...before, told: true }) : facts;
    }
    case 'closed':
      return { ...facts, closed: true };
  }
}

/** The step that an allocation is the newest attempt of. */
export function stepOfAllocation(facts: RunFacts, allocation: string): StepFacts | undefined {
  for (const step of facts.steps.values()) if (step.attempt.allocation === allocation) return step;
  return undefined;
}

function said(facts: RunFacts, report: StateReport): RunFacts {
  const before = stepOfAllocation(facts, report.allocation);
  if (!before || before.end || report.seq <= before.attempt.seq) return facts;
  const outputs = joined(before.outputs, report.outputs, ({ name }) => name);
  const last = report.state === 'ended' ? report : undefined;
  return withStep(facts, { ...before, outputs, attempt: { ...before.attempt, seq: report.seq, last } });
}

function found(facts: RunFacts, { allocation, outputs, facts: told }: Findings): RunFacts {
  const before = stepOfAllocation(facts, allocation);
  if (!before || before.end) return facts;
  return withStep(facts, {
    ...before,
    outputs: joined(before.outputs, outputs, ({ name }) => name),
    events: joined(before.events, told, ({ key }) => key),
  });
}

/** Both lists; of those with one name the first. */
function joined<T>(before: readonly T[], more: readonly T[], nameOf: (one: T) => string): T[] {
  const known = new Set(before.map(nameOf));
  return [...before, ...more.filter((one) => !known.has(nameOf(one)))];
}

function withStep(facts: RunFacts, step: StepFacts): RunFacts {
  return { ...facts, steps: new Map(facts.steps).set(step.step, step) };
}
