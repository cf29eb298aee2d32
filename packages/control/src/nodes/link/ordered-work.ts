/**
 * Work that must go one after the other for the same key and side by side for different ones: reports of one
 * allocation in their order, those of two allocations together.
 */
export class OrderedWork {
  readonly #tails = new Map<string, Promise<void>>();
  #open = 0;

  /** How much is running or waiting. */
  get open(): number {
    return this.#open;
  }

  /** Runs `work` after everything that was given for the key before. `work` must not throw. */
  run(key: string, work: () => Promise<void>): void {
    this.#open += 1;
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(work).finally(() => {
      this.#open -= 1;
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
  }

  /** Resolves when nothing is open. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled([...this.#tails.values()]);
  }
}
