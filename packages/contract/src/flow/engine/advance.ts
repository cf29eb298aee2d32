import type { Failure } from '../../failure.ts';
import { endedFlowStepStates, type StepRecord, stepKey } from '../step-record.ts';
import type { PortValue } from '../value.ts';
import { beginStep, type StartPerform, type StartTask } from './begin.ts';
import { recordOf } from './engine-steps.ts';
import { flowFailure } from './failures.ts';
import { closeForEach, openRounds } from './for-each.ts';
import { bodyOf, isForEach } from './graph.ts';
import { isHandled } from './handled.ts';
import { readiness } from './readiness.ts';
import { type Instance, stepInputOf } from './resolve.ts';
import { type FlowRunInput, type RunContext, runContext } from './run-context.ts';

/** What follows from what has happened so far. */
export interface Advance {
  /** New records, and those that have changed, in the order in which they came about. */
  readonly records: readonly StepRecord[];
  readonly tasks: readonly StartTask[];
  readonly performs: readonly StartPerform[];
  /** Keys of steps whose failure was got over. */
  readonly handled: readonly string[];
  /** When the next waiting step is due, milliseconds since 1970. */
  readonly dueAt: number | null;
  /** Nothing is open any more. `canceled`: somebody canceled one of its steps, and none has failed. */
  readonly ended: {
    readonly state: 'succeeded' | 'failed' | 'canceled';
    readonly failure: Failure | null;
  } | null;
  /** The first failure that nobody got over. */
  readonly failure: Failure | null;
}

/**
 * Takes a run as far as it goes by itself: what waits for its time and is due goes on, what has all it needs begins, what
 * can't begin any more is skipped. Pure: the same records give the same answer, and asking again with the answer taken in
 * gives nothing new.
 * @param now milliseconds since 1970; only waiting steps care
 */
export function advanceFlow(input: FlowRunInput, now: number): Advance {
  const context = runContext(input);
  const changed = new Map<string, StepRecord>();
  const tasks: StartTask[] = [];
  const performs: StartPerform[] = [];
  const write = (record: StepRecord) => {
    context.records.set(record.key, record);
    changed.delete(record.key);
    changed.set(record.key, record);
  };

  for (const record of input.records) {
    if (record.state !== 'waiting' || record.dueAt === null || record.dueAt > now) continue;
    write({ ...record, state: 'succeeded', branch: 'ok', dueAt: null });
  }
  // Each pass decides at least one step, or is the last: there are no more passes than steps.
  for (let moved = true; moved; ) {
    moved = false;
    for (const instance of instancesOf(context)) {
      const key = stepKey(instance.node.step.id, instance.at);
      const known = context.records.get(key);
      if (known) {
        if (known.state !== 'running' || !isForEach(instance.node)) continue;
        const closed = closeForEach(context, instance);
        if (!closed) continue;
        write(closed);
        moved = true;
        continue;
      }
      const ready = readiness(context, instance);
      if (ready === 'open') continue;
      moved = true;
      if (ready === 'dead') {
        write(recordOf(instance, 'skipped'));
      } else {
        const begun = beginStep(context, instance, now);
        write(begun.record);
        if (begun.task) tasks.push(begun.task);
        if (begun.perform) performs.push(begun.perform);
      }
    }
  }
  return {
    records: [...changed.values()],
    tasks,
    performs,
    ...standOf(context),
  };
}

/** Every time that a step of the flow may run, as far as is known now: rounds of for-eaches that are open. */
function* instancesOf(context: RunContext, each?: Instance): Generator<Instance> {
  const rounds = each ? openRounds(context, each) : [[]];
  for (const at of rounds) {
    for (const node of bodyOf(context.graph, each?.node.step.id)) {
      const instance = { node, at };
      yield instance;
      if (isForEach(node)) yield* instancesOf(context, instance);
    }
  }
}

function standOf(context: RunContext): Pick<Advance, 'handled' | 'dueAt' | 'ended' | 'failure'> {
  const handled: string[] = [];
  let failure: Failure | null = null;
  let open = false;
  let canceled = false;
  let dueAt: number | null = null;
  for (const instance of instancesOf(context)) {
    const record = context.records.get(stepKey(instance.node.step.id, instance.at));
    if (record?.dueAt != null && (dueAt === null || record.dueAt < dueAt)) dueAt = record.dueAt;
    if (record?.state === 'failed' && isHandled(context, instance)) handled.push(record.key);
  }
  const got = new Set(handled);
  for (const { step } of bodyOf(context.graph, undefined)) {
    const record = context.records.get(step.id);
    if (!record || !endedFlowStepStates.includes(record.state)) open = true;
    else if (record.state === 'failed' && !got.has(record.key))
      failure ??= record.failure ?? flowFailure('product', 'flow.task_failed');
    else if (record.state === 'canceled') canceled = true;
  }
  const state = failure !== null ? 'failed' : canceled ? 'canceled' : 'succeeded';
  return { handled, dueAt, failure, ended: open ? null : { state, failure } };
}

/** For whoever shows a run: what each step was given. Empty when that can't be told any more. */
export function shownInputs(input: FlowRunInput): (record: StepRecord) => Record<string, PortValue> {
  const context = runContext(input);
  return (record) => {
    const node = context.graph.get(record.step);
    if (!node) return {};
    try {
      return stepInputOf(context, { node, at: record.at }).inputs;
    } catch {
      return {};
    }
  };
}
