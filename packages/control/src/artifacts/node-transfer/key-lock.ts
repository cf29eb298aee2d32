/**
 * Lets only one caller at a time work on a key; the others wait in the order in which they came. For uploads
 * whose client gave up waiting and asks again while the server is still at the first request.
 */
export class KeyLock {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const tail = (before ?? Promise.resolve()).then(() => done);
    this.#tails.set(key, tail);
    try {
      await before;
      return await work();
    } finally {
      resolve();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
