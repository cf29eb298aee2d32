/**
 * How fast one client may talk: a bucket that holds `burst` messages and is refilled with `perSecond`. What is said with
 * an empty bucket is refused; whoever goes on all the same owes, and is put out when the debt reaches a burst.
 */
export class TalkRate {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;
  #debt = 0;

  constructor(limits: { readonly perSecond: number; readonly burst: number }, now: number) {
    this.#perSecond = limits.perSecond;
    this.#burst = limits.burst;
    this.#tokens = limits.burst;
    this.#at = now;
  }

  /** @param now milliseconds that only grow */
  take(now: number): 'ok' | 'refused' | 'out' {
    const gained = (Math.max(0, now - this.#at) / 1_000) * this.#perSecond;
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#debt = Math.max(0, this.#debt - gained);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 'ok';
    }
    this.#debt += 1;
    return this.#debt > this.#burst ? 'out' : 'refused';
  }
}

/** For everybody: far more than a client needs, far less than hurts. */
export const talkLimits = { perSecond: 100, burst: 400 } as const;
