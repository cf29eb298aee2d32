import type { Clock } from '@backlot/contract/clock';

/** So many bytes must pass in each window; anything slower would take days for a film. */
export const leastBytes = 64 * 1024;
/** A window is so many times what a connection may be silent: five minutes, where that is a minute. */
const idlesInWindow = 5;
const usualIdleMs = 60_000;

/** How slowly bytes may come from a target, or be taken by it. */
export interface RateLimits {
  readonly clock: Clock;
  /** `leastBytes` must pass in each of these. Milliseconds. */
  readonly windowMs: number;
}

export interface LeastRateOptions extends RateLimits {
  /** Called once, when too little has passed; not after `close`. */
  readonly late: () => void;
}

/** Milliseconds in which `leastBytes` must pass, by how long a connection may be silent. */
export function windowOf(idleMs = usualIdleMs): number {
  return idlesInWindow * idleMs;
}

/**
 * Watches that bytes pass at some least rate. A limit to silence alone is none: who sends or takes a byte a minute is never
 * silent, and never ready. Time that is ours is taken out by `pause`: what a limit of bandwidth or our own disk makes us
 * wait for is nothing that the target has done.
 */
export class LeastRate {
  readonly #options: LeastRateOptions;
  #bytes = 0;
  /** Of the window, when its time begins to run or begins again. Milliseconds. */
  #leftMs: number;
  /** Since when its time runs; undefined while it does not. */
  #since: number | undefined;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(options: LeastRateOptions) {
    this.#options = options;
    this.#leftMs = options.windowMs;
    this.resume();
  }

  /** @returns whether enough has passed: a new window has begun */
  add(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes < leastBytes) return false;
    const runs = this.#since !== undefined;
    this.pause();
    this.#bytes = 0;
    this.#leftMs = this.#options.windowMs;
    if (runs) this.resume();
    return true;
  }

  /** What time passes from now on is ours. */
  pause(): void {
    if (this.#since === undefined) return;
    this.#cancel();
    this.#leftMs -= this.#options.clock.monotonic() - this.#since;
    this.#since = undefined;
  }

  /** The target has its turn again. */
  resume(): void {
    if (this.#since !== undefined || this.#closed) return;
    const { clock, late } = this.#options;
    this.#since = clock.monotonic();
    this.#cancel = clock.after(Math.max(0, this.#leftMs), () => {
      this.close();
      late();
    });
  }

  close(): void {
    this.#closed = true;
    this.pause();
  }
}
