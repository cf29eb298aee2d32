import type { Failure } from '../../failure.ts';
import { ForEachParameters } from '../kinds/for-each.ts';
import { endedFlowStepStates, type StepRecord, stepKey } from '../step-record.ts';
import type { FileValue, PortValue } from '../value.ts';
import { recordOf } from './engine-steps.ts';
import { flowFailure } from './failures.ts';
import { bodyOf, splitReference } from './graph.ts';
import { isHandled } from './handled.ts';
import { type Instance, itemCount, itemsOf } from './resolve.ts';
import type { RunContext } from './run-context.ts';

/** Rounds whose steps may run: all that have begun, and as many more as may at the same time. */
export function openRounds(context: RunContext, each: Instance): number[][] {
  const record = context.records.get(stepKey(each.node.step.id, each.at));
  if (record === undefined || record.state === 'skipped') return [];
  if (record.state === 'failed' && !hasBegun(context, each)) return [];
  const count = itemCount(itemsOf(context, each));
  const parameters = ForEachParameters.safeParse(each.node.step.with);
  const atOnce = parameters.success ? parameters.data.atOnce : count;
  const rounds: number[][] = [];
  for (let index = 0, open = 0; index < count && open < atOnce; index += 1) {
    const at = [...each.at, index];
    rounds.push(at);
    if (!roundEnded(context, each, at)) open += 1;
  }
  return rounds;
}

/** False for one that failed before it began anything: it had too many items. */
function hasBegun(context: RunContext, each: Instance): boolean {
  return bodyOf(context.graph, each.node.step.id).some(({ step }) =>
    context.records.has(stepKey(step.id, [...each.at, 0])),
  );
}

function roundEnded(context: RunContext, each: Instance, at: readonly number[]): boolean {
  return bodyOf(context.graph, each.node.step.id).every(({ step }) => {
    const record = context.records.get(stepKey(step.id, at));
    return record !== undefined && endedFlowStepStates.includes(record.state);
  });
}

/** Ends a for-each whose rounds have all ended; undefined while one is open. It fails when one of its rounds has. */
export function closeForEach(context: RunContext, each: Instance): StepRecord | undefined {
  const count = itemCount(itemsOf(context, each));
  let failure: Failure | null = null;
  let canceled = false;
  for (let index = 0; index < count; index += 1) {
    const at = [...each.at, index];
    for (const node of bodyOf(context.graph, each.node.step.id)) {
      const record = context.records.get(stepKey(node.step.id, at));
      if (!record || !endedFlowStepStates.includes(record.state)) return undefined;
      if (record.state === 'canceled') canceled = true;
      if (record.state !== 'failed' || isHandled(context, { node, at })) continue;
      failure ??= record.failure ?? flowFailure('product', 'flow.task_failed');
    }
  }
  if (failure) return recordOf(each, 'failed', { failure });
  // Somebody ended one of its steps: what builds on all of them must not go on as if all were done.
  if (canceled) return recordOf(each, 'canceled');
  return recordOf(each, 'succeeded', { ports: collected(context, each, count) });
}

/** What the port named by `collect` gave in each round, in order; rounds that gave nothing are left out of the files. */
function collected(context: RunContext, each: Instance, count: number): Record<string, PortValue> {
  const parameters = ForEachParameters.safeParse(each.node.step.with);
  const files: FileValue[] = [];
  const results: Extract<PortValue, { type: 'data' }>['data'][] = [];
  if (parameters.success && parameters.data.collect !== undefined) {
    const [from, port] = splitReference(parameters.data.collect);
    for (let index = 0; index < count; index += 1) {
      const ports = context.records.get(stepKey(from, [...each.at, index]))?.ports ?? {};
      const value = Object.hasOwn(ports, port) ? ports[port] : undefined;
      if (value?.type === 'file') files.push(value.file);
      if (value?.type === 'files') files.push(...value.files);
      results.push(value?.type === 'data' ? value.data : null);
    }
  }
  return { files: { type: 'files', files }, results: { type: 'data', data: results } };
}
