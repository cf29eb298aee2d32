import type { ConcludeContext, Conclusion } from '@backlot/node/workload';
import { type DeliveryPhrase, deliveryFailure } from '../../contract.ts';
import { resultOf } from './follow-work.ts';
import type { WorkResult } from './request.ts';
import type { TargetParameters } from './start-work.ts';

const phrases = {
  away: 'deliveries.unreachable',
  slow: 'deliveries.slow',
  refused: 'deliveries.refused',
  full: 'deliveries.full',
  'name-taken': 'deliveries.name_taken',
  'copy-missing': 'deliveries.copy_missing',
  'copy-differs': 'deliveries.copy_differs',
  broken: 'deliveries.broken_off',
} as const satisfies Record<Extract<WorkResult, { outcome: 'failed' }>['why'], DeliveryPhrase>;

/**
 * Judges how the work has ended: only what the program itself has written down whole counts as done. All faults of a target
 * are of the class `transfer`, which is tried again for as long as the step says; a copy that is wrong, or a name that is
 * taken, is `input`: the same again would find the same.
 */
export async function concludeWork(
  context: ConcludeContext<TargetParameters>,
  done: (result: WorkResult) => Record<string, unknown> | undefined,
): Promise<Conclusion> {
  const { parameters, workDir } = context;
  const { target } = parameters;
  const result = await resultOf(workDir);
  const outcome = result && done(result);
  if (outcome) return { outcome: 'ok', outputs: [], result: outcome };
  const failed = result?.outcome === 'failed' ? result : undefined;
  const why = failed?.why ?? 'broken';
  const final = why === 'name-taken' || why === 'copy-missing' || why === 'copy-differs';
  const params = { target, detail: failed?.detail ?? '', path: failed?.path ?? '' };
  return {
    outcome: 'failed',
    failure: deliveryFailure(final ? 'input' : 'transfer', phrases[why], params, why),
  };
}
