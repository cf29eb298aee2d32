import { GatherParameters, gatherStep } from '../kinds/gather.ts';
import type { StepRecord } from '../step-record.ts';
import type { Dependency, GraphStep } from './graph.ts';
import { type Instance, recordFor } from './resolve.ts';
import type { RunContext } from './run-context.ts';

/** met: may go on; dead: will never be met; open: not known yet. */
export type DependencyState = 'met' | 'dead' | 'open';

/** What a record means to somebody who waits for one of its ways. */
export function stateOfWay(
  record: StepRecord | undefined,
  way: string,
  onError: 'fail' | 'continue',
): DependencyState {
  if (way === 'open') return record === undefined ? 'open' : record.state === 'running' ? 'met' : 'dead';
  switch (record?.state) {
    case undefined:
    case 'running':
    case 'waiting':
      return 'open';
    case 'succeeded':
      return way === 'ok' || record.branch === way ? 'met' : 'dead';
    case 'failed':
      if (way === 'error') return 'met';
      return way === 'ok' && onError === 'continue' ? 'met' : 'dead';
    case 'skipped':
    case 'canceled':
      return 'dead';
  }
}

export function stateOfDependency(
  context: RunContext,
  dependency: Dependency,
  instance: Instance,
): DependencyState {
  const from = context.graph.get(dependency.from);
  if (!from) return 'dead';
  return stateOfWay(recordFor(context, dependency.from, instance), dependency.way, from.step.onError);
}

/** How a step puts what it waits for together. */
export function joinOf({ step }: Pick<GraphStep, 'step'>): 'all' | 'any' | 'settled' {
  if (step.kind !== gatherStep.kind) return 'all';
  const parsed = GatherParameters.safeParse(step.with);
  return parsed.success ? parsed.data.mode : 'all';
}

/** Whether a step begins now, never, or not yet. */
export function readiness(context: RunContext, instance: Instance): DependencyState {
  const { dependencies } = instance.node;
  const states = (open: boolean) =>
    dependencies
      .filter(({ way }) => (way === 'open') === open)
      .map((dependency) => stateOfDependency(context, dependency, instance));
  const around = all(states(true));
  if (around !== 'met') return around;
  const found = states(false);
  if (found.length === 0) return 'met';
  switch (joinOf(instance.node)) {
    case 'all':
      return all(found);
    case 'any':
      return found.includes('met') ? 'met' : found.includes('open') ? 'open' : 'dead';
    case 'settled':
      return found.includes('open') ? 'open' : found.includes('met') ? 'met' : 'dead';
  }
}

function all(states: readonly DependencyState[]): DependencyState {
  return states.includes('dead') ? 'dead' : states.includes('open') ? 'open' : 'met';
}
