import type { Failure, FailureClass, RetryPolicy, StateReport } from '@backlot/contract';

/**
 * What follows from the end of an attempt on a node that is alone.
 *
 * ended   the step has ended with it
 * again   after so many milliseconds
 * leave   this node can't do it: the control plane will
 */
export type AfterAttempt =
  | { readonly kind: 'ended'; readonly outcome: 'ok' | 'failed'; readonly failure: Failure | undefined }
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'leave'; readonly why: string };

/** There is no other node: what another could do better is left to whoever has more. */
const policies: Readonly<Record<FailureClass, 'end' | 'leave' | { readonly attempts: number }>> = {
  input: 'end',
  product: 'end',
  missing: 'leave',
  capability: 'leave',
  memory: 'leave',
  node: { attempts: 3 },
  crash: { attempts: Infinity },
  stall: { attempts: 2 },
  output: { attempts: 2 },
  transfer: { attempts: Infinity },
};
/** After these tries with a node at fault the control plane may find a better one. */
const leftAfterTries: ReadonlySet<FailureClass> = new Set(['node']);

/**
 * Decides by the last report of an attempt. Pure.
 *
 * @param attempt which attempt it was, from 1
 * @param random in [0, 1), for the jitter of the back-off
 */
export function afterAttempt(
  report: Pick<StateReport, 'outcome' | 'failure'>,
  attempt: number,
  retry: RetryPolicy,
  random: number,
): AfterAttempt {
  if (report.outcome === 'ok') return { kind: 'ended', outcome: 'ok', failure: undefined };
  const { failure } = report;
  // Ended by the agent that was shut down, not by itself.
  if (report.outcome !== 'failed' || !failure) return { kind: 'again', delayMs: backOff(retry, 1, random) };
  const policy = policies[failure.class];
  if (policy === 'end') return { kind: 'ended', outcome: 'failed', failure };
  if (policy === 'leave') return { kind: 'leave', why: failure.reason.code };
  if (attempt < Math.min(retry.maxAttempts, policy.attempts)) {
    return { kind: 'again', delayMs: backOff(retry, attempt, random) };
  }
  return leftAfterTries.has(failure.class)
    ? { kind: 'leave', why: failure.reason.code }
    : { kind: 'ended', outcome: 'failed', failure };
}

/** Milliseconds: doubled each time, capped, then between half and all of it. */
function backOff({ backoffMs, maxBackoffMs }: RetryPolicy, failures: number, random: number): number {
  const full = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(full * (0.5 + random / 2));
}
