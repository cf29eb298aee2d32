import type { Pace } from '../store/store.ts';
import { StoreFault } from '../store/store-fault.ts';
import { LeastRate, leastBytes } from './least-rate.ts';

/**
 * Sends something, and gives it up when the target takes less than the least rate: it would hold its place for ever. The
 * whole exchange is watched, and whoever sends says which time of it is ours.
 *
 * What can't be stopped, as a write to a file server that hangs in the system, is left behind: it must look at `signal`
 * before it does anything more.
 *
 * @throws StoreFault `slow`
 */
export async function inTime<T>(
  { signal, limits }: Pick<Pace, 'signal' | 'limits'>,
  send: (rate: LeastRate, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const slow = new AbortController();
  const rate = new LeastRate({
    ...limits,
    late: () => slow.abort(new StoreFault('slow', tooSlow('were taken', limits.windowMs))),
  });
  const either = AbortSignal.any([signal, slow.signal]);
  try {
    either.throwIfAborted();
    const given = new Promise<never>((_resolve, reject) => {
      either.addEventListener('abort', () => reject(either.reason), { once: true });
    });
    // The one that comes second is nobody's.
    given.catch(() => undefined);
    const sent = send(rate, either);
    sent.catch(() => undefined);
    return await Promise.race([sent, given]);
  } finally {
    rate.close();
  }
}

/** An answer that drips is never silent either: this is for requests that send nothing. */
export function noAnswer(limitMs: number): StoreFault {
  return new StoreFault('slow', `no answer came in ${Math.round(limitMs / 1_000)} s`);
}

/** Why it is too slow, in English. */
export function tooSlow(what: 'came back' | 'were taken', windowMs: number, least = leastBytes): string {
  return `fewer than ${Math.round(least / 1_024)} KiB ${what} in ${Math.round(windowMs / 1_000)} s`;
}
