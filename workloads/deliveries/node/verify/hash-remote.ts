import type { Hash } from 'node:crypto';
import type { Store } from '../store/store.ts';
import { networkFault } from '../store/store-fault.ts';

/**
 * Reads a file back from an offset on and feeds a hash. Ends as soon as there is more than there should be: what comes may
 * have no end.
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
    /** Called with the bytes that were read so far. */
    readonly read: (position: number) => void;
  },
): Promise<number> {
  const { hash, from, most, signal, read } = options;
  let position = from;
  const stream = await store.read(path, from, signal);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      hash.update(piece);
      position += piece.byteLength;
      if (position > most) return position;
      read(position);
    }
    return position;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw networkFault(error) ?? error;
  } finally {
    stream.destroy();
  }
}
