import type { Clock } from '@backlot/contract';

/**
 * Something that a loop waits on: a call of `wake` ends the wait, also one that came while the loop was busy. Many
 * calls at once end one wait.
 */
export class Waker {
  readonly #clock: Clock;
  #woken = false;
  #resolve: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#woken = true;
    this.#resolve?.();
  }

  /** Resolves when woken, after `ms`, or when the signal is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#woken || signal.aborted) {
      this.#woken = false;
      return;
    }
    const done = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    const slept = this.#clock.sleep(ms, AbortSignal.any([signal, done.signal])).catch(() => undefined);
    await Promise.race([woken, slept]);
    done.abort();
    this.#resolve = undefined;
    this.#woken = false;
  }
}
