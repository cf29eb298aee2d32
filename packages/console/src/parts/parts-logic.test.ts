import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignLanes, type Span, timeTicks } from './lanes.ts';
import { moveFocus } from './table-keys.ts';

const span = fc.record({
  from: fc.integer({ min: 0, max: 500 }),
  length: fc.option(fc.integer({ min: 1, max: 100 })),
});
const spans = fc
  .array(span, { maxLength: 40 })
  .map((list): Span[] =>
    list.map(({ from, length }) => ({ from, to: length === null ? null : from + length })),
  );
const end = (one: Span) => one.to ?? Number.POSITIVE_INFINITY;

describe('lanes', () => {
  it('never lets two spans overlap in one lane', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const lanes = assignLanes(list);
        for (const [i, a] of list.entries()) {
          for (const [j, b] of list.entries()) {
            if (i < j && lanes[i] === lanes[j]) expect(a.from >= end(b) || b.from >= end(a)).toBe(true);
          }
        }
      }),
    );
  });

  it('uses no more lanes than ran at once', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const used = Math.max(0, ...assignLanes(list).map((lane) => lane + 1));
        const atOnce = Math.max(
          0,
          ...list.map((one) => list.filter((o) => o.from <= one.from && end(o) > one.from).length),
        );
        expect(used).toBe(atOnce);
      }),
    );
  });
});

describe('time ticks', () => {
  it('are round, inside, and not more than asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 10_000, max: 86_400_000 }),
        (from, length) => {
          const ticks = timeTicks(from, from + length, 6);
          expect(ticks.length).toBeLessThanOrEqual(7);
          for (const tick of ticks) {
            expect(tick % 1000).toBe(0);
            expect(tick >= from && tick <= from + length).toBe(true);
          }
        },
      ),
    );
  });
});

describe('keys in a table', () => {
  it.each([
    ['ArrowDown', 0, 1],
    ['ArrowUp', 0, 0],
    ['j', 3, 4],
    ['k', 3, 2],
    ['PageDown', 0, 10],
    ['PageDown', 95, 99],
    ['PageUp', 5, 0],
    ['Home', 50, 0],
    ['End', 50, 99],
    ['x', 50, undefined],
  ])('%s from row %s of 100 goes to %s', (key, from, to) => expect(moveFocus(key, from, 100, 10)).toBe(to));

  it('does nothing in an empty table', () => expect(moveFocus('ArrowDown', 0, 0, 10)).toBeUndefined());
});
