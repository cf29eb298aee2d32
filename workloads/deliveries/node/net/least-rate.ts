import type { Clock } from '@backlot/contract/clock';

/** So many bytes must come in each window; anything slower would take days for a film. */
export const leastBytes = 64 * 1024;
/** A window is so many times what a connection may be silent: five minutes, where that is a minute. */
const idlesInWindow = 5;
const usualIdleMs = 60_000;

export interface LeastRateOptions {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly windowMs: number;
  /** Called once, when too little has come; not after `close`. */
  readonly late: () => void;
}

/** Milliseconds in which `leastBytes` must come, by how long a connection may be silent. */
export function windowOf(idleMs = usualIdleMs): number {
  return idlesInWindow * idleMs;
}

/**
 * Watches that bytes come at some least rate. A limit to silence alone is none: who sends a byte a minute is never silent, and
 * never ready.
 */
export class LeastRate {
  readonly #options: LeastRateOptions;
  #bytes = 0;
  #cancel: () => void;

  constructor(options: LeastRateOptions) {
    this.#options = options;
    this.#cancel = this.#watch();
  }

  /** @returns whether enough has come: a new window has begun */
  add(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes < leastBytes) return false;
    this.#bytes = 0;
    this.#cancel();
    this.#cancel = this.#watch();
    return true;
  }

  close(): void {
    this.#cancel();
  }

  #watch(): () => void {
    return this.#options.clock.after(this.#options.windowMs, this.#options.late);
  }
}
