/**
 * The places of steps that run at the same time on a node that is alone. One that is given back is first at the disposal
 * of the run that had it, and then of the others from the oldest on: runs are finished one after the other. Were each step
 * to wait in line anew, ten runs would have ten films, and nothing would be where it belongs.
 */
export class Places {
  readonly #count: number;
  readonly #taken = new Set<string>();
  readonly #whenFree: () => void;

  /** @param whenFree tells all who wait, in the order in which they are to have it */
  constructor(count: number, whenFree: () => void) {
    this.#count = count;
    this.#whenFree = whenFree;
  }

  /** @returns false when none is free; `whenFree` tells when to ask again. */
  take(allocation: string): boolean {
    if (!this.#taken.has(allocation) && this.#taken.size >= this.#count) return false;
    this.#taken.add(allocation);
    return true;
  }

  /** An attempt is over. @param first goes on with what follows from it, and may take the place again before anybody else */
  async giveBack(allocation: string, first: () => Promise<void>): Promise<void> {
    if (!this.#taken.delete(allocation)) return first();
    try {
      await first();
    } finally {
      this.#whenFree();
    }
  }
}
