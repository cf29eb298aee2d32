import type { Clock } from '@backlot/contract';

/** An allowance that refills evenly. */
export interface LimitRule {
  /** Calls at once after a long rest. */
  readonly burst: number;
  /** Calls per minute in the long run. */
  readonly perMinute: number;
}

/**
 * Counts calls by key (an address, an account) with the generic cell rate algorithm: one number per key, the time
 * at which the allowance is full again. Kept in memory: a restart forgives, and a second replica doubles the
 * allowance, both of which are harmless for the rates used here.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #fullAt = new Map<string, number>();

  /** @param capacity keys remembered at most; the oldest are forgotten, so that strangers can't fill the memory. */
  constructor(clock: Clock, capacity = 20_000) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Takes one call from the allowance. Returns 0, or the seconds to wait when there is none left (nothing is taken). */
  take(key: string, rule: LimitRule): number {
    const waitS = this.wait(key, rule);
    if (waitS > 0) return waitS;
    const now = this.#clock.monotonic();
    const fullAt = Math.max(this.#fullAt.get(key) ?? 0, now) + 60_000 / rule.perMinute;
    // Inserted anew, so that the map's order is the order of use.
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    if (this.#fullAt.size > this.#capacity) this.#forget(now);
    return 0;
  }

  /** Seconds until a call is allowed, 0 when one is now. Takes nothing. */
  wait(key: string, rule: LimitRule): number {
    const stepMs = 60_000 / rule.perMinute;
    const now = this.#clock.monotonic();
    const fullAt = Math.max(this.#fullAt.get(key) ?? 0, now);
    const waitMs = fullAt - now - stepMs * (rule.burst - 1);
    return waitMs > 0 ? Math.max(1, Math.ceil(waitMs / 1000)) : 0;
  }

  /** Gives a call back that turned out not to count. */
  refund(key: string, rule: LimitRule): void {
    const fullAt = this.#fullAt.get(key);
    if (fullAt !== undefined) this.#fullAt.set(key, fullAt - 60_000 / rule.perMinute);
  }

  #forget(now: number): void {
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt <= now) this.#fullAt.delete(key);
    }
    for (const key of this.#fullAt.keys()) {
      if (this.#fullAt.size <= this.#capacity) return;
      this.#fullAt.delete(key);
    }
  }
}
