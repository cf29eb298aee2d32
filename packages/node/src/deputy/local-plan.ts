import type { StepRecord, TaskDraft } from '@backlot/contract';
import type { RunFacts } from './run-facts.ts';

/** A step that may run now, as the flow's engine resolves it: the same whenever it is asked. */
export interface OpenStep {
  /** Key of its task in the run. */
  readonly step: string;
  /** Name of the step in the flow, by which its secrets are found. */
  readonly name: string;
  readonly kind: string;
  /** Nothing for a step that only the control plane can do. */
  readonly draft: TaskDraft | undefined;
  /** Milliseconds from its first attempt, all attempts and waiting included. */
  readonly timeLimitMs?: number;
}

/** What the flow wants next, given what has ended. */
export interface LocalPlan {
  readonly open: readonly OpenStep[];
  /** Steps that have begun to wait for a time: it is written down, or it would be another one after a crash. */
  readonly waits: readonly StepRecord[];
  /** When to ask again although nothing has ended, by the wall clock; a step that waits is over then. */
  readonly wakeAt?: number;
}

/** The flow's engine, as far as a run that goes on alone needs it. Pure. */
export type PlanRun = (facts: RunFacts, now: number) => LocalPlan;
