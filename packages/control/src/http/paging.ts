import { BacklotError, httpErrors } from '@backlot/contract';
import type { z } from 'zod';

/**
 * Cursors are the sort keys of the last item, as base64url JSON. They are opaque to clients but hold nothing
 * secret: a forged one can only start at another place of a list that is filtered by rights anyway.
 */
export function encodeCursor(key: Readonly<Record<string, string | number | null>>): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * What a cursor says, checked; undefined for the first page.
 * @throws invalid_cursor
 */
export function decodeCursor<Schema extends z.ZodType>(
  cursor: string | undefined,
  schema: Schema,
): z.output<Schema> | undefined {
  if (cursor === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new BacklotError(httpErrors.invalid_cursor, { cause, pointer: 'cursor' });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BacklotError(httpErrors.invalid_cursor, { cause: parsed.error, pointer: 'cursor' });
}

/**
 * Makes a page of rows that were read with `limit + 1`: the row too many says that there is a next page.
 * @param key the sort keys of an item, for the cursor
 */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  key: (last: Row) => Readonly<Record<string, string | number | null>>,
  item: (row: Row) => Item,
): { items: Item[]; next?: string } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(item),
    ...(rows.length > limit && last !== undefined ? { next: encodeCursor(key(last)) } : {}),
  };
}
