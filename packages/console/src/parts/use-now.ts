import { systemClock } from '@backlot/contract/clock';
import { useSyncExternalStore } from 'react';

/** One timer for all ticking numbers on the page, so that they tick together and only while somebody looks. */
class Ticker {
  readonly #listeners = new Set<() => void>();
  #now = systemClock.now();
  #cancel: (() => void) | undefined;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#cancel) this.#tick();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        this.#cancel?.();
        this.#cancel = undefined;
      }
    };
  };

  now = (): number => this.#now;

  #tick(): void {
    this.#now = systemClock.now();
    this.#cancel = systemClock.after(1000 - (this.#now % 1000), () => {
      this.#tick();
      if (document.visibilityState === 'visible') for (const listener of this.#listeners) listener();
    });
  }
}

const ticker = new Ticker();

/** The time of day in milliseconds, renewed every full second. */
export function useNow(): number {
  return useSyncExternalStore(ticker.subscribe, ticker.now);
}
