import type { StepInput, StepOutcome, StepTask } from '../step-kind.ts';
import type { StepRecord } from '../step-record.ts';
import { PortValues } from '../value.ts';
import { problemOf } from './begin.ts';
import { recordOf } from './engine-steps.ts';
import { flowFailure } from './failures.ts';
import { type Instance, stepInputOf } from './resolve.ts';
import { type FlowRunInput, type RunContext, runContext } from './run-context.ts';

/**
 * What the end of a task means for its step. A task that was canceled by somebody is a step that was canceled.
 * Pure; never throws: an outcome that can't be read fails the step.
 */
export function settleTask(input: FlowRunInput, record: StepRecord, task: StepTask): StepRecord {
  const context = runContext(input);
  const instance = instanceOf(context, record);
  if (!instance) return { ...record, state: 'failed', branch: 'error', failure: task.failure };
  if (task.state === 'canceled') return recordOf(instance, 'canceled', { failure: task.failure });
  if (task.state === 'failed') {
    return recordOf(instance, 'failed', {
      failure: task.failure ?? flowFailure('product', 'flow.task_failed'),
    });
  }
  try {
    const given = stepInputOf(context, instance);
    const outcome = instance.node.kind?.outcome?.(given, task) ?? { ports: {} };
    return succeeded(instance, outcome);
  } catch (error) {
    return recordOf(instance, 'failed', {
      failure: flowFailure('product', 'flow.outcome_failed', {
        step: record.step,
        problem: problemOf(error),
      }),
    });
  }
}

/** What a step that the control plane has performed gives. */
export function settlePerform(input: FlowRunInput, record: StepRecord, outcome: StepOutcome): StepRecord {
  const instance = instanceOf(runContext(input), record);
  if (!instance) return { ...record, state: 'succeeded', branch: 'ok' };
  try {
    return succeeded(instance, outcome);
  } catch (error) {
    return recordOf(instance, 'failed', {
      failure: flowFailure('product', 'flow.outcome_failed', {
        step: record.step,
        problem: problemOf(error),
      }),
    });
  }
}

function instanceOf(context: RunContext, record: StepRecord): Instance | undefined {
  const node = context.graph.get(record.step);
  return node && { node, at: record.at };
}

/** @throws when the ports are not what the kind says, or the branch is none of its own */
function succeeded(instance: Instance, outcome: StepOutcome): StepRecord {
  const { kind } = instance.node;
  const ports = PortValues.parse(outcome.ports);
  for (const [port, value] of Object.entries(ports)) {
    const type = kind?.outputs[port]?.type;
    if (type !== value.type) throw new Error(`port ${port} is ${type ?? 'unknown'} and not ${value.type}`);
  }
  const branch = outcome.branch ?? 'ok';
  if (branch !== 'ok' && !kind?.branches?.includes(branch)) throw new Error(`no branch is called ${branch}`);
  return recordOf(instance, 'succeeded', { ports, branch });
}

/** What a step that has begun was given, worked out anew from the same records. @throws when that can't be told any more */
export function stepInputFor(input: FlowRunInput, record: StepRecord): StepInput {
  const context = runContext(input);
  const instance = instanceOf(context, record);
  if (!instance) throw new Error(`the flow has no step ${record.step}`);
  return stepInputOf(context, instance);
}
