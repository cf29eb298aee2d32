import type { Clock } from '@backlot/contract';
import type { Logger } from 'pino';

/** Work that is done again and again until it is closed. */
export interface Repeated {
  /** Does it again within `ms`, when that is sooner than the next time. */
  sooner(ms: number): void;
  close(): Promise<void>;
}

/**
 * Runs work every `everyMs`, one run after the other and never two at once. A run that fails is logged, and the next
 * one comes all the same. Ends when the signal is aborted, too.
 */
export function repeat(options: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly what: string;
  readonly everyMs: number;
  readonly signal?: AbortSignal;
  /** May answer a number of milliseconds after which it wants to run again sooner than usual. */
  readonly run: (signal: AbortSignal) => Promise<number | null>;
}): Repeated {
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  let cancel: (() => void) | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  let wanted: number | undefined;

  const schedule = (ms: number): void => {
    const at = options.clock.monotonic() + ms;
    if (busy) wanted = Math.min(wanted ?? at, at);
    if (signal.aborted || busy || (cancel && at >= dueAt)) return;
    cancel?.();
    dueAt = at;
    cancel = options.clock.after(ms, () => {
      cancel = undefined;
      busy = true;
      running = turn();
    });
  };
  const turn = async (): Promise<void> => {
    let next = options.everyMs;
    try {
      const wish = await options.run(signal);
      if (wish !== null) next = Math.max(10, Math.min(next, wish));
      // Asked for while it ran.
      if (wanted !== undefined) next = Math.max(0, Math.min(next, wanted - options.clock.monotonic()));
    } catch (error) {
      if (!signal.aborted) options.log.warn({ err: error }, `${options.what} failed; it is tried again`);
    }
    busy = false;
    wanted = undefined;
    schedule(next);
  };
  signal.addEventListener('abort', () => cancel?.(), { once: true });
  schedule(0);
  return {
    sooner: schedule,
    async close() {
      ending.abort();
      cancel?.();
      await running;
    },
  };
}
