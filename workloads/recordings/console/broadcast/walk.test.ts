import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnPieces, type Range } from './ranges.ts';
import { type Lane, reveal, type Standing, stopsOf, walk } from './walk.ts';

const range = (from: number, to: number): Range => ({ from, to });
/** Two takes, one of nothing between them, and holes. */
const lanes: readonly Lane[] = [
  [range(0, 10), range(10, 20), range(20, 30)],
  [],
  [range(40, 50), range(50, 60)],
  [range(12, 13), range(30, 40)],
];
const takes = 3;
const at = (lane: number, index: number): Standing => ({ lane, index });

describe('keys in a timeline', () => {
  it.each<[string, Standing, Standing | undefined]>([
    ['ArrowRight', at(0, 0), at(0, 1)],
    ['ArrowLeft', at(0, 1), at(0, 0)],
    // From the end of a take into the next that has something, and back.
    ['ArrowRight', at(0, 2), at(2, 0)],
    ['ArrowLeft', at(2, 0), at(0, 2)],
    // Nothing lies beyond the last segment, and none among holes.
    ['ArrowRight', at(2, 1), undefined],
    ['ArrowLeft', at(0, 0), undefined],
    ['ArrowLeft', at(3, 0), undefined],
    ['ArrowRight', at(3, 0), at(3, 1)],
    ['ArrowRight', at(3, 1), undefined],
    ['Home', at(0, 2), at(0, 0)],
    ['End', at(0, 0), at(0, 2)],
    // Up and down keep the time.
    ['ArrowDown', at(2, 0), at(3, 1)],
    ['ArrowUp', at(3, 0), at(2, 0)],
    ['ArrowUp', at(2, 1), at(0, 2)],
    ['ArrowDown', at(0, 1), at(2, 0)],
    ['ArrowUp', at(0, 1), undefined],
    ['ArrowDown', at(3, 1), undefined],
    ['Enter', at(0, 0), undefined],
    ['a', at(0, 0), undefined],
  ])('%s from %o goes to %o', (key, from, to) => {
    expect(walk(key, from, lanes, takes)).toEqual(to);
  });

  it('stay where nothing is', () => {
    for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'])
      expect(walk(key, at(0, 0), [[], []], 1)).toBeUndefined();
  });

  it('reach each segment by going right from the first, wherever the window is and however many are drawn as one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 500 }),
        (lengths, from, length) => {
          let clock = 0;
          const all = lengths.map((count) =>
            Array.from({ length: count }, () => {
              clock += 10;
              return range(clock - 10, clock);
            }),
          );
          const stops = all.map((lane) => stopsOf(lane, range(from, from + length), 4, 2));
          const seen: Range[] = [];
          for (let here: Standing | undefined = at(0, 0); here; ) {
            seen.push(...(stops[here.lane]?.[here.index]?.pieces ?? []));
            here = walk('ArrowRight', here, stops, stops.length);
          }
          expect(seen).toEqual(all.flat());
        },
      ),
    );
  });
});

describe('what the focus comes to', () => {
  const all = range(0, 1_000);
  it('is brought into the window, which stays as long as it is', () => {
    expect(reveal(range(500, 510), range(100, 200), all)).toEqual(range(455, 555));
    expect(reveal(range(0, 10), range(100, 200), all)).toEqual(range(0, 100));
    expect(reveal(range(990, 1_000), range(100, 200), all)).toEqual(range(900, 1_000));
  });
  it('leaves the window alone where it can be seen', () => {
    const window = range(100, 200);
    expect(reveal(range(150, 160), window, all)).toBe(window);
    expect(reveal(range(90, 100), window, all)).toBe(window);
  });
  it('is drawn in the window as it is drawn without the rest', () => {
    const pieces = Array.from({ length: 40 }, (_, n) => range(n * 10, n * 10 + 10));
    const window = range(95, 305);
    const drawn = drawnPieces(pieces, window, 5, 2);
    expect(stopsOf(pieces, window, 5, 2)).toEqual(expect.arrayContaining([...drawn]));
    expect(drawn.length).toBeLessThan(21);
  });
});
