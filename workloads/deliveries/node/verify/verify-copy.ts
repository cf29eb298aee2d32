import { createHash } from 'node:crypto';
import type { RateLimits } from '../net/least-rate.ts';
import type { Store } from '../store/store.ts';
import { StoreFault } from '../store/store-fault.ts';
import { hashRemote } from './hash-remote.ts';

/** What is wrong with a copy. */
export class CopyWrong extends Error {
  readonly why: 'copy-missing' | 'copy-differs';

  constructor(why: CopyWrong['why'], message: string) {
    super(message);
    this.name = 'CopyWrong';
    this.why = why;
  }
}

export interface Wanted {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly method: 'auto' | 'read-back';
}

/**
 * Reads size and SHA-256 of a copy back. A digest counts without reading only when the target itself has made it of what
 * it keeps; what we noted at the upload proves nothing. A read that is cut off goes on where it was: `state` keeps how far
 * it has come between tries.
 *
 * @throws CopyWrong, StoreFault
 */
export async function verifyCopy(
  store: Store,
  wanted: Wanted,
  state: ReadState,
  limits: RateLimits,
  signal: AbortSignal,
): Promise<'read-back' | 'checksum'> {
  const there = await store.stat(wanted.path, signal);
  if (!there) throw new CopyWrong('copy-missing', `${wanted.path} is not there`);
  if (there.size !== wanted.size) {
    throw new CopyWrong('copy-differs', `it has ${there.size} bytes and not ${wanted.size}`);
  }
  if (wanted.method === 'auto') {
    const told = await store.sha256?.(wanted.path, signal);
    if (told !== undefined) {
      if (told === wanted.sha256) return 'checksum';
      throw new CopyWrong('copy-differs', `its SHA-256 is ${told.slice(0, 16)}…`);
    }
  }
  // Another version of it since the last try: what was read does not belong together.
  if (there.etag !== state.etag) state.begin(there.etag);
  const position = await hashRemote(store, wanted.path, {
    hash: state.hash,
    from: state.position,
    most: wanted.size,
    signal,
    limits,
    read: (at, goesOn) => state.reach(at, goesOn),
  });
  if (position > wanted.size) throw new CopyWrong('copy-differs', `more than ${wanted.size} bytes came back`);
  if (position < wanted.size) {
    // Ended early without an error, as a connection that is closed too soon does.
    throw new StoreFault('away', `${position} of ${wanted.size} bytes came back`);
  }
  const found = state.hash.digest('hex');
  state.begin(undefined);
  if (found !== wanted.sha256) throw new CopyWrong('copy-differs', `its SHA-256 is ${found.slice(0, 16)}…`);
  return 'read-back';
}

/** How far a copy was read, over several tries. */
export class ReadState {
  hash = createHash('sha256');
  position = 0;
  etag: string | null | undefined;
  readonly #told: (position: number, goesOn: boolean) => void;

  /** @param told with how far it is, and whether that is progress enough to be patient anew */
  constructor(told: (position: number, goesOn: boolean) => void) {
    this.#told = told;
  }

  begin(etag: string | null | undefined): void {
    this.hash = createHash('sha256');
    this.position = 0;
    this.etag = etag;
  }

  reach(position: number, goesOn: boolean): void {
    this.position = position;
    this.#told(position, goesOn);
  }
}
