/** Over so long a rate is an average. Milliseconds. */
const windowMs = 5_000;

/** Bytes per second over the last seconds. */
export class RateMeter {
  readonly #now: () => number;
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  add(bytes: number): void {
    const now = this.#now();
    const last = this.#samples.at(-1);
    // A few samples a second are enough.
    if (last && now - last.at < 100)
      this.#samples[this.#samples.length - 1] = { at: last.at, bytes: last.bytes + bytes };
    else this.#samples.push({ at: now, bytes });
  }

  get rate(): number {
    const now = this.#now();
    this.#samples = this.#samples.filter(({ at }) => now - at <= windowMs);
    const first = this.#samples[0];
    if (!first) return 0;
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0);
    return Math.round((bytes * 1_000) / Math.max(1_000, now - first.at));
  }
}
