import type { Clock } from '@backlot/contract';
import type { Logger } from 'pino';

/** A part that must be closed, whatever happens to the others. */
interface Owned {
  readonly name: string;
  close(): Promise<void> | void;
}

/**
 * What the control plane has opened, in order, so that it is closed in the opposite one: also when the start fails
 * half-way. A part that does not close in time is left behind with a word in the log; the rest still closes.
 */
export class Ownership {
  readonly #parts: Owned[] = [];
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  add(name: string, close: () => Promise<void> | void): void {
    this.#parts.push({ name, close });
  }

  /** @param limitMs for each part */
  async closeAll(limitMs: number): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) {
      const stop = new AbortController();
      const late = this.#clock.sleep(limitMs, stop.signal).then(
        () => 'late' as const,
        () => 'late' as const,
      );
      try {
        const outcome = await Promise.race([Promise.resolve(part.close()), late]);
        if (outcome === 'late') this.#log.warn({ part: part.name, limitMs }, 'a part did not close in time');
      } catch (error) {
        this.#log.warn({ err: error, part: part.name }, 'a part failed to close');
      } finally {
        stop.abort();
      }
    }
  }
}
