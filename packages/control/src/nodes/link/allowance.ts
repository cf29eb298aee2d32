/**
 * How much may still come, refilled over time (a token bucket). It may be overdrawn by one taking; whoever overdraws
 * is told how long to wait until it is even again.
 */
export class Allowance {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  /** @param now monotonic milliseconds */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** Takes an amount. @returns milliseconds to wait before the next, 0 when there is some left */
  take(amount: number, now: number): number {
    const refilled = this.#left + (Math.max(0, now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#burst, refilled) - amount;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1000);
  }
}
