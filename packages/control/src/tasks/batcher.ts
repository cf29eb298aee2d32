/** Runs many small things together when many come at once. */
export interface Batcher<T, R> {
  add(item: T): Promise<R>;
}

export interface BatcherOptions<T, R> {
  /** Does all of them in one transaction; the results in the same order. All or nothing. */
  readonly together: (items: readonly T[]) => Promise<readonly R[]>;
  /** Does one alone; also what each of a batch falls back to when the batch failed. */
  readonly alone: (item: T) => Promise<R>;
  /** Items in one batch, at most. */
  readonly most: number;
  /** Batches at the same time. */
  readonly lanes: number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what comes while nothing runs goes at once and alone; what comes while others are being written
 * waits for them and is written together. No timer, so that nobody waits for company that doesn't come. One that
 * makes a batch fail does not take the others along: each of them is tried alone.
 */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): Batcher<T, R> {
  const waiting: Waiting<T, R>[] = [];
  let running = 0;

  const pump = (): void => {
    while (running < options.lanes && waiting.length > 0) {
      const batch = waiting.splice(0, options.most);
      running += 1;
      void run(batch).finally(() => {
        running -= 1;
        pump();
      });
    }
  };
  const run = async (batch: readonly Waiting<T, R>[]): Promise<void> => {
    const [only] = batch;
    if (only && batch.length === 1) return settle(only);
    let results: readonly R[] | undefined;
    try {
      results = await options.together(batch.map((entry) => entry.item));
    } catch {
      for (const entry of batch) await settle(entry);
      return;
    }
    for (const [i, entry] of batch.entries()) entry.resolve(results[i] as R);
  };
  const settle = async (entry: Waiting<T, R>): Promise<void> => {
    try {
      entry.resolve(await options.alone(entry.item));
    } catch (error) {
      entry.reject(error);
    }
  };
  return {
    add: (item) =>
      new Promise<R>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        pump();
      }),
  };
}
