import { durationMs } from '../duration.ts';
import { evaluate, textOf, truth } from '../expression/evaluate.ts';
import { parseExpression } from '../expression/parse.ts';
import { conditionStep } from '../kinds/condition.ts';
import { forEachLimit, forEachStep, runStepLimit } from '../kinds/for-each.ts';
import { gatherStep } from '../kinds/gather.ts';
import { parallelStep } from '../kinds/parallel.ts';
import { waitLimitMs, waitStep } from '../kinds/wait.ts';
import type { StepInput } from '../step-kind.ts';
import { type StepRecord, stepKey } from '../step-record.ts';
import { templateScope } from '../template.ts';
import type { PortValues } from '../value.ts';
import { flowFailure } from './failures.ts';
import { bodyOf, isForEach } from './graph.ts';
import { type Instance, itemCount, itemsOf } from './resolve.ts';
import type { RunContext } from './run-context.ts';

/** A record of a step that has just begun or ended. */
export function recordOf(
  { node, at }: Instance,
  state: StepRecord['state'],
  more: Partial<StepRecord> = {},
): StepRecord {
  return {
    key: stepKey(node.step.id, at),
    step: node.step.id,
    at: [...at],
    state,
    branch: state === 'succeeded' ? 'ok' : state === 'failed' ? 'error' : null,
    ports: {},
    failure: null,
    dueAt: null,
    ...more,
  };
}

/** Begins one of the kernel's own steps, which the engine decides by itself. @param now milliseconds since 1970 */
export function beginEngineStep(
  context: RunContext,
  instance: Instance,
  input: StepInput,
  now: number,
): StepRecord {
  const parameters = input.parameters as Record<string, unknown>;
  switch (instance.node.step.kind) {
    case conditionStep.kind: {
      const value = evaluate(parseExpression(String(parameters.if)), templateScope(input));
      const { data } = input.inputs;
      return recordOf(instance, 'succeeded', {
        branch: truth(value) ? 'true' : 'false',
        ports: data ? { data } : {},
      });
    }
    case waitStep.kind:
      return beginWait(instance, parameters, now);
    case parallelStep.kind:
      return recordOf(instance, 'succeeded');
    case gatherStep.kind:
      return recordOf(instance, 'succeeded', { ports: gathered(input.inputs) });
    case forEachStep.kind: {
      const count = itemCount(itemsOf(context, instance));
      const { name } = input.step;
      if (count > forEachLimit) {
        const failure = flowFailure('input', 'flow.items_many', { step: name, limit: forEachLimit });
        return recordOf(instance, 'failed', { failure });
      }
      const more = count * bodyOf(context.graph, instance.node.step.id).length;
      if (more > 0 && stepsOf(context) + more > runStepLimit) {
        const failure = flowFailure('input', 'flow.rounds_many', { step: name, limit: runStepLimit });
        return recordOf(instance, 'failed', { failure });
      }
      return recordOf(instance, 'running');
    }
    default:
      return recordOf(instance, 'failed', {
        failure: flowFailure('product', 'flow.kind_missing', { kind: instance.node.step.kind }),
      });
  }
}

/** Steps that the run has, or will have by the for-eaches that have begun. */
function stepsOf(context: RunContext): number {
  let steps = bodyOf(context.graph, undefined).length;
  for (const record of context.records.values()) {
    const node = context.graph.get(record.step);
    if (!node || !isForEach(node) || record.state === 'skipped' || record.state === 'failed') continue;
    const items = itemsOf(context, { node, at: record.at });
    steps += itemCount(items) * bodyOf(context.graph, record.step).length;
  }
  return steps;
}

/** Files and data that have come; both ports are always there, so that whoever builds on them need not ask. */
function gathered(inputs: PortValues): PortValues {
  return {
    files: inputs.files ?? { type: 'files', files: [] },
    data: inputs.data ?? { type: 'data', data: null },
  };
}

function beginWait(instance: Instance, parameters: Record<string, unknown>, now: number): StepRecord {
  const value = parameters.for ?? parameters.until;
  const due = parameters.for === undefined ? timeOf(value) : now + (durationMs(String(value)) ?? Number.NaN);
  if (!Number.isFinite(due) || due - now > waitLimitMs) {
    return recordOf(instance, 'failed', {
      failure: flowFailure('input', 'flow.wait_time', {
        step: instance.node.step.id,
        value: textOf(value).slice(0, 100),
      }),
    });
  }
  return due <= now ? recordOf(instance, 'succeeded') : recordOf(instance, 'waiting', { dueAt: due });
}

/** ISO 8601, or milliseconds since 1970. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  return /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text);
}
