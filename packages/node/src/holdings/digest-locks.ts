interface Use {
  /** How many share it; none when one has it alone. */
  sharers: number;
  readonly freed: PromiseWithResolvers<void>;
}

/**
 * Who works with the bytes of a digest: many may bring the same ones at a time, whoever moves or removes them is alone.
 * Somebody may share several, but who is alone with one waits for no other: so nobody waits in a circle.
 */
export class DigestLocks {
  readonly #uses = new Map<string, Use>();
  readonly #turns = new Map<string, Promise<unknown>>();

  /** Waits until nobody is alone with it. @returns what ends the use; to be called once */
  async share(digest: string): Promise<() => void> {
    for (;;) {
      const before = this.#uses.get(digest);
      if (before?.sharers === 0) {
        await before.freed.promise;
        continue;
      }
      const use = before ?? this.#begin(digest);
      use.sharers += 1;
      return () => {
        use.sharers -= 1;
        if (use.sharers === 0) this.#end(digest, use);
      };
    }
  }

  /**
   * For those who share it: one after the other puts its file into the place, so that none takes another's, which is about to
   * be given its marks, for a damaged one. Short, and nothing is waited for in it but the disk.
   */
  async inTurn<T>(digest: string, put: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(digest) ?? Promise.resolve()).then(put);
    const tail = turn.catch(() => undefined);
    this.#turns.set(digest, tail);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(digest) === tail) this.#turns.delete(digest);
    }
  }

  /** Waits until nobody else works with it, and does something alone. */
  async alone<T>(digest: string, run: () => Promise<T>): Promise<T> {
    for (let before = this.#uses.get(digest); before; before = this.#uses.get(digest)) {
      await before.freed.promise;
    }
    const use = this.#begin(digest);
    try {
      return await run();
    } finally {
      this.#end(digest, use);
    }
  }

  #begin(digest: string): Use {
    const use = { sharers: 0, freed: Promise.withResolvers<void>() };
    this.#uses.set(digest, use);
    return use;
  }

  #end(digest: string, use: Use): void {
    this.#uses.delete(digest);
    use.freed.resolve();
  }
}
