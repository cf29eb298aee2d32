import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import type { Logger } from 'pino';
import { ControlRefusal } from './control-http.ts';

export interface PersevereOptions {
  readonly what: string;
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What to do after a failed transfer. */
export type Verdict = 'again' | 'a-few-times' | 'give-up';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Faults that a repetition may heal, but that would otherwise go on for ever. */
const FEW = 20;

/**
 * Away is not wrong: as long as the control plane can't be reached, or says that it can't just now, a transfer is
 * worth trying. A refused token may be replaced over the link at any moment. Everything else is an answer.
 */
export function judge(error: unknown): Verdict {
  if (error instanceof ControlRefusal) {
    if (error.status === 401) return 'a-few-times';
    // Only another node has the bytes, and it may be gone for long: the task's own policy decides how long to wait.
    if (error.code === 'holder_away') return 'a-few-times';
    if (error.status >= 500 || error.status === 429 || error.status === 408) return 'again';
    return error.kind.retryable ? 'a-few-times' : 'give-up';
  }
  if (error instanceof BacklotError) {
    if (error.code === 'connection_failed') return 'again';
    return error.kind.retryable ? 'a-few-times' : 'give-up';
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  // A body that broke off in the middle; errors of our own disk are not healed by repetition.
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT'].includes(code)
    ? 'again'
    : 'give-up';
}

/** Repeats a transfer with growing pauses until it works, is answered with a refusal, or is aborted. */
export async function persevere<T>(work: () => Promise<T>, options: PersevereOptions): Promise<T> {
  const { what, clock, random, log, signal } = options;
  let few = 0;
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const verdict = judge(error);
      few += verdict === 'a-few-times' ? 1 : 0;
      if (verdict === 'give-up' || few >= FEW) throw error;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)) * (0.5 + random() / 2);
      log.debug({ err: error, what, failures, pauseMs: pause }, 'a transfer failed and is tried again');
      await clock.sleep(pause, signal);
    }
  }
}
