import { stepKey } from '../step-record.ts';
import { joinOf } from './readiness.ts';
import type { Instance } from './resolve.ts';
import type { RunContext } from './run-context.ts';

/**
 * Whether a step's failure was got over: the step says `continue`, a way for its error was gone, or everything that builds
 * on it is a gather that went on without it.
 */
export function isHandled(context: RunContext, { node, at }: Instance): boolean {
  if (node.step.onError === 'continue') return true;
  const consumers = node.consumers.flatMap((id) => context.graph.get(id) ?? []);
  const started = (depth: number, id: string) => {
    const record = context.records.get(stepKey(id, at.slice(0, depth)));
    return record !== undefined && record.state !== 'skipped' && record.state !== 'canceled';
  };
  const wayOf = (consumer: (typeof consumers)[number]) =>
    consumer.dependencies.filter(({ from }) => from === node.step.id).map(({ way }) => way);
  // A body's steps are deeper than what is around them: their places can't be told from here, and they never run then.
  const peers = consumers.filter((consumer) => consumer.around.length <= at.length);
  if (peers.some((one) => wayOf(one).includes('error') && started(one.around.length, one.step.id)))
    return true;
  const building = consumers.filter((one) => wayOf(one).some((way) => way !== 'error'));
  return (
    building.length > 0 &&
    building.every((one) => joinOf(one) !== 'all' && started(one.around.length, one.step.id))
  );
}
