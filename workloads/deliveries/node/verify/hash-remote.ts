import type { Hash } from 'node:crypto';
import { tooSlow } from '../net/in-time.ts';
import { LeastRate, type RateLimits } from '../net/least-rate.ts';
import type { Store } from '../store/store.ts';
import { networkFault, StoreFault } from '../store/store-fault.ts';

/**
 * Reads a file back from an offset on and feeds a hash. Ends as soon as there is more than there should be: what comes may
 * have no end. A file that drips is given up: it would hold a place of its target for ever.
 *
 * @returns where it has come to; more than `most` when there is more @throws StoreFault
 */
export async function hashRemote(
  store: Store,
  path: string,
  options: {
    readonly hash: Hash;
    readonly from: number;
    /** Bytes that the file should have. */
    readonly most: number;
    readonly signal: AbortSignal;
    readonly limits: RateLimits;
    /** Called with the bytes that were read so far, and whether so many have come that it goes on. */
    readonly read: (position: number, goesOn: boolean) => void;
  },
): Promise<number> {
  const { hash, from, most, signal, limits, read } = options;
  let position = from;
  // A connection may break behind the last byte; servers refuse to give what comes after it (416).
  if (from > 0 && from === most) return from;
  const stream = await store.read(path, from, signal);
  const rate = new LeastRate({
    ...limits,
    late: () => stream.destroy(new StoreFault('slow', tooSlow('came back', limits.windowMs))),
  });
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      hash.update(piece);
      position += piece.byteLength;
      if (position > most) return position;
      read(position, rate.add(piece.byteLength));
    }
    return position;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw networkFault(error) ?? error;
  } finally {
    rate.close();
    stream.destroy();
  }
}
