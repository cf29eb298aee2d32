import type { Logger } from 'pino';
import { type SweepParts, sweep } from '../sweep/sweep.ts';

export interface StraySweepOptions extends SweepParts {
  readonly log: Logger;
}

const EVERY_MS = 60_000;

/** Ends processes of this node that nobody knows any more: once at the start, then from time to time. */
export class StraySweep {
  readonly #options: StraySweepOptions;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: StraySweepOptions) {
    this.#options = options;
  }

  /** Resolves when the first sweep is over. Call it when journals and hosts are known, before new work comes. */
  async start(): Promise<void> {
    await this.#sweep();
    this.#schedule();
  }

  /** The node ends with its work: whatever is still there by now, known or not, is ended. Commands of this agent are not meant. */
  async endAll(): Promise<void> {
    await this.close();
    await this.#sweep(() => new Set());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(EVERY_MS, () => {
      this.#running = this.#sweep().finally(() => this.#schedule());
    });
  }

  async #sweep(live = this.#options.live): Promise<void> {
    const { log } = this.#options;
    try {
      const found = await sweep({ ...this.#options, live });
      if (found.ended + found.groups.length > 0)
        log.warn({ ...found }, 'ended what was left of earlier work');
    } catch (error) {
      log.warn({ err: error }, 'the sweep for strays failed');
    }
  }
}
