import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { around, drawnPieces, move, place, zoom } from './ranges.ts';

const all = { from: 0, to: 36_000_000 };

describe('the window of a timeline', () => {
  it('comes closer around its middle, and never leaves what there is', () => {
    expect(zoom(all, 0.5, all)).toEqual({ from: 9_000_000, to: 27_000_000 });
    expect(zoom({ from: 0, to: 1_000 }, 4, all)).toEqual({ from: 0, to: 4_000 });
    expect(zoom({ from: 0, to: 100 }, 0.01, all).to).toBe(75);
    expect(move({ from: 0, to: 1_000 }, -0.5, all)).toEqual({ from: 0, to: 1_000 });
    expect(move({ from: 35_999_000, to: 36_000_000 }, 0.5, all)).toEqual({
      from: 35_999_000,
      to: 36_000_000,
    });
  });

  it('shows a hole of three milliseconds and one of an hour', () => {
    const small = around({ from: 5_000, to: 5_003 }, all);
    expect([small.from, small.to]).toEqual([4_501.5, 5_501.5]);
    expect(around({ from: 10_000_000, to: 13_600_000 }, all)).toEqual(all);
  });

  it('draws what is inside of it', () => {
    expect(place({ from: 25, to: 75 }, { from: 0, to: 100 })).toEqual({ left: 0.25, width: 0.5 });
    expect(place({ from: -50, to: 50 }, { from: 0, to: 100 })).toEqual({ left: 0, width: 0.5 });
    expect(place({ from: 101, to: 200 }, { from: 0, to: 100 })).toBeUndefined();
  });

  it('draws few pieces for many segments, loses none and bridges no hole', () => {
    const lengths = fc.array(
      fc.record({ length: fc.integer({ min: 900, max: 12_000 }), gap: fc.constantFrom(0, 0, 0, 3, 4_000) }),
      { minLength: 1, maxLength: 2_000 },
    );
    fc.assert(
      fc.property(lengths, (parts) => {
        let at = 0;
        const pieces = parts.map(({ length, gap }) => {
          const from = at + gap;
          at = from + length;
          return { from, to: at };
        });
        const window = { from: 0, to: at };
        const drawn = drawnPieces(pieces, window, 300, 2);
        expect(drawn.flatMap((one) => one.pieces)).toEqual(pieces);
        for (const one of drawn) {
          one.pieces.forEach((piece, index) => {
            const next = one.pieces[index + 1];
            if (next) expect(next.from - piece.to).toBeLessThanOrEqual(2);
          });
        }
      }),
      { numRuns: 50 },
    );
  });
});
