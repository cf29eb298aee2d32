import { endingPhrases, type Failure, reason } from '@backlot/contract';

/** Classes that tell something about the work itself; the others are a machine's or the network's fault. */
const telling: ReadonlySet<Failure['class']> = new Set(['input', 'product', 'crash', 'stall', 'output']);

/**
 * How many different tasks of a job must suffer from one signature before the job is stopped: three, or a tenth of
 * a smaller job, but never one alone, because one task may always have bad luck.
 */
export function signatureLimit(tasks: number): number {
  return Math.max(2, Math.min(3, Math.ceil(tasks / 10)));
}

/**
 * Whether a job should stop because its tasks keep failing for one reason.
 * @param suffering tasks whose last attempt failed with the signature and that have not got over it since: a task
 *   that went on or succeeded afterwards shows that the signature is not a property of the job
 * @param tasks all tasks of the job
 */
export function poisoned(failure: Failure, suffering: number, tasks: number): boolean {
  return telling.has(failure.class) && suffering >= signatureLimit(tasks);
}

/** The failure of a job that was stopped for it. */
export function sameCause(failure: Failure, count: number): Failure {
  return {
    ...failure,
    reason: reason(endingPhrases, 'failure.same_cause', { count, cause: failure.reason.message }),
  };
}
