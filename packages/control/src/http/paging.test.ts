import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeCursor, encodeCursor, page } from './paging.ts';

const Key = z.object({ seq: z.number().int() });

describe('cursors', () => {
  it('survive the way to the client and back', () => {
    fc.assert(
      fc.property(fc.integer(), (seq) => {
        expect(decodeCursor(encodeCursor({ seq }), Key)).toEqual({ seq });
      }),
    );
  });

  it.each(['', '%%%', 'e30', 'bnVsbA', 'W10', Buffer.from('{"seq":"1; DROP"}').toString('base64url')])(
    'that are not ours are refused: %s',
    (cursor) => {
      expect(() => decodeCursor(cursor, Key)).toThrow(expect.objectContaining({ code: 'invalid_cursor' }));
    },
  );

  it('are refused or understood, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.string(), (cursor) => {
        try {
          Key.parse(decodeCursor(cursor, Key));
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_cursor' });
        }
      }),
    );
  });
});

describe('a page', () => {
  const key = (item: number) => ({ seq: item });
  it('has a next one when a row too many was read', () => {
    expect(page([1, 2, 3], 2, key, (item) => item * 10)).toEqual({
      items: [10, 20],
      next: encodeCursor({ seq: 2 }),
    });
  });
  it('is the last one otherwise', () => {
    expect(page([1, 2], 2, key, (item) => item)).toEqual({ items: [1, 2] });
    expect(page([], 2, key, (item) => item)).toEqual({ items: [] });
  });
});
