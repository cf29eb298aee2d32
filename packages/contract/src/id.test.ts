import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Id, newId } from './id.ts';

describe('ids', () => {
  it('are UUIDs of version 7 that carry the time', () => {
    const now = Date.now() + 60_000;
    const id = newId(now);
    expect(Id.safeParse(id).success).toBe(true);
    expect(id[14]).toBe('7');
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now);
  });

  it('grow strictly, also within a millisecond and when the clock steps back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 2, maxLength: 50 }),
        (times) => {
          const ids = times.map((time) => newId(time));
          expect([...ids].sort()).toEqual(ids);
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
    );
  });

  it('stay in order when more are made in one millisecond than the counter holds', () => {
    const ids = Array.from({ length: 10_000 }, () => newId(2 ** 47 + 1));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
