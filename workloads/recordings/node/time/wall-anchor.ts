/** The least delay is looked for in two windows of this length, so that a slow drift is followed. Milliseconds. */
const WINDOW_MS = 15_000;

/**
 * Where source time lies in wall time. Media can come late (a server's cache of the last seconds, a slow network), never
 * early: the smallest difference between arrival and source time is the true one. `wall = source + anchor`.
 */
export class WallAnchor {
  #from = 0;
  #current = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;

  /** @param arrival and @param source in milliseconds; the newest source time of what arrived at once is enough. */
  observe(arrival: number, source: number): void {
    const difference = arrival - source;
    if (this.#current === Number.POSITIVE_INFINITY) this.#from = arrival;
    else if (arrival - this.#from >= WINDOW_MS) {
      this.#before = this.#current;
      this.#current = Number.POSITIVE_INFINITY;
      this.#from = arrival;
    }
    if (difference < this.#current) this.#current = difference;
  }

  /** Milliseconds to add to a source time; undefined before anything arrived. */
  get value(): number | undefined {
    const least = Math.min(this.#current, this.#before);
    return Number.isFinite(least) ? least : undefined;
  }

  /** What is known already, of another connection to the same clock or from what stands right before. */
  seed(value: number): void {
    this.reset();
    this.#before = value;
  }

  reset(): void {
    this.#current = Number.POSITIVE_INFINITY;
    this.#before = Number.POSITIVE_INFINITY;
  }
}
