/** One page of a list, as every list route answers. `next` is absent on the last one. */
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next?: string | undefined;
}

/**
 * Everything of a list, page by page, only as far as the reader reads.
 * @param load fetches the page that a cursor stands for; the first has none.
 */
export async function* everyItem<T>(
  load: (cursor: string | undefined) => Promise<PageOf<T>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await load(cursor);
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** The first `limit` items as an array. */
export async function collect<T>(items: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const result: T[] = [];
  if (limit <= 0) return result;
  for await (const item of items) {
    result.push(item);
    if (result.length >= limit) break;
  }
  return result;
}
