import type { Clock } from '@backlot/contract/clock';

/** What a power cut may take, in milliseconds, beside what the disk itself needs. */
const SYNC_MS = 1_000;
/** Files that are made safe at the same time. */
const AT_ONCE = 4;

export interface Syncable {
  sync(): Promise<void>;
}

/** Makes all open files of a shard safe from a power cut, once a second, a few at a time. */
export class DiskSync {
  readonly #files = new Set<Syncable>();
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns to be called when the file is closed. */
  add(file: Syncable): () => void {
    this.#files.add(file);
    this.#later();
    return () => {
      this.#files.delete(file);
    };
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #later(): void {
    if (this.#cancel || this.#closed) return;
    this.#cancel = this.#clock.after(SYNC_MS, () => {
      void this.#syncAll().finally(() => {
        this.#cancel = undefined;
        if (this.#files.size > 0) this.#later();
      });
    });
  }

  async #syncAll(): Promise<void> {
    const waiting = [...this.#files];
    const work = async () => {
      for (let file = waiting.pop(); file; file = waiting.pop()) await file.sync();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}
