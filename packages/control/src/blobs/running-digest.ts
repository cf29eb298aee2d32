import { createHash, type Hash } from 'node:crypto';

/**
 * Digests of uploads in progress, fed as bytes pass by, so that a finished upload needs no second reading. They
 * live in memory only: after a restart, or when pieces came through another replica, `take` has no answer and
 * the bytes are read once more.
 */
export class RunningDigests {
  readonly #running = new Map<string, { hash: Hash; at: number }>();
  readonly #capacity: number;

  /** @param capacity uploads remembered; the one that was fed longest ago is forgotten first */
  constructor(capacity = 1_000) {
    this.#capacity = capacity;
  }

  /** Feeds bytes that stand at `offset`. A gap makes the digest useless, and it is forgotten. */
  feed(id: string, offset: number, bytes: Uint8Array): void {
    const entry = this.#running.get(id) ?? (offset === 0 ? { hash: createHash('sha256'), at: 0 } : undefined);
    this.#running.delete(id);
    if (entry?.at !== offset) return;
    entry.hash.update(bytes);
    entry.at += bytes.byteLength;
    this.#running.set(id, entry); // last in order: fed most recently
    if (this.#running.size > this.#capacity) {
      const [oldest] = this.#running.keys();
      if (oldest !== undefined) this.#running.delete(oldest);
    }
  }

  /** The digest, when exactly the first `size` bytes have passed by here; it is not changed by asking. */
  read(id: string, size: number): string | undefined {
    const entry = this.#running.get(id);
    if (entry?.at === size) return entry.hash.copy().digest('hex');
    return size === 0 ? createHash('sha256').digest('hex') : undefined;
  }

  forget(id: string): void {
    this.#running.delete(id);
  }
}
