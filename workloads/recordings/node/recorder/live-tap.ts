import type { SegmentStart } from './media.ts';

/** Somebody who looks on while a channel is recorded. */
export interface LiveWatcher {
  /** Live bytes, as they go into the segment; `begins` when they are the first of one. To be copied, and never changed. */
  bytes(bytes: Buffer, begins: SegmentStart | undefined): void;
  /** The connection has ended; another may follow. */
  pause(): void;
}

/** Lets watchers see what is recorded. Nothing they do reaches the recording. */
export class LiveTap {
  readonly #watchers = new Set<LiveWatcher>();

  add(watcher: LiveWatcher): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  bytes(bytes: Buffer, begins: SegmentStart | undefined): void {
    if (this.#watchers.size === 0) return;
    for (const watcher of this.#watchers) {
      try {
        watcher.bytes(bytes, begins);
      } catch {
        this.#watchers.delete(watcher);
      }
    }
  }

  pause(): void {
    for (const watcher of this.#watchers) watcher.pause();
  }
}
