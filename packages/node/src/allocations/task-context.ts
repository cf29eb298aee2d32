import { join } from 'node:path';
import type { Offer } from '@backlot/contract';
import type { Logger } from 'pino';
import { type TaskContext, TaskFailure } from '../workload.ts';
import type { AllocationParts } from './allocation-parts.ts';
import type { AllocationFolders, AnyExecutor } from './execution.ts';
import { agentFailure } from './failures.ts';

/**
 * Waits until a capability that is missing is really missing. Recordings and what somebody watches do not wait: an agent
 * that was started again would keep them until the last program of the machine is looked at.
 */
export async function untilKnown(
  { class: taskClass }: Offer,
  { known }: Pick<AllocationParts, 'known'>,
  signal: AbortSignal,
): Promise<void> {
  if (taskClass !== 'batch' || signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const end = () => aborted.resolve();
  signal.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([known, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** What an executor is given of an allocation. @throws TaskFailure when its parameters don't fit the executor's schema */
export function taskContext(
  offer: Offer,
  executor: AnyExecutor,
  folders: AllocationFolders,
  { capabilities, run, disk, clock, keepDir }: AllocationParts,
  log: Logger,
  signal: AbortSignal,
): TaskContext<unknown> {
  const parsed = executor.parameters.safeParse(offer.parameters);
  if (!parsed.success) {
    const cause = parsed.error.issues[0]?.message ?? 'they do not fit';
    throw new TaskFailure(agentFailure('product', 'attempt.parameters', { reason: cause }));
  }
  return {
    offer,
    parameters: parsed.data,
    inputsDir: folders.inputs,
    workDir: folders.work,
    keepDir: join(keepDir, offer.kind.split('.', 1)[0] ?? 'kernel'),
    capabilities: capabilities(),
    run,
    disk,
    clock,
    log,
    signal,
  };
}
