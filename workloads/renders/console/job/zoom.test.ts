import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitScale, fitted, kept, moved, zoomed } from './zoom.ts';

const size = fc.record({
  width: fc.integer({ min: 8, max: 8000 }),
  height: fc.integer({ min: 8, max: 8000 }),
});
const room = fc.record({
  width: fc.integer({ min: 200, max: 2000 }),
  height: fc.integer({ min: 200, max: 1200 }),
});
const at = fc.record({ x: fc.integer({ min: -600, max: 600 }), y: fc.integer({ min: -400, max: 400 }) });

describe('zoom', () => {
  it('fits large pictures and leaves small ones as they are', () => {
    expect(fitScale({ width: 2000, height: 1000 }, { width: 1000, height: 1000 })).toBe(0.5);
    expect(fitScale({ width: 100, height: 100 }, { width: 1000, height: 1000 })).toBe(1);
  });

  it('never leaves a gap beside a picture that is larger than the window', () => {
    fc.assert(
      fc.property(
        size,
        room,
        at,
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        (picture, window, by, factor) => {
          const view = moved(
            zoomed(fitted(picture, window), factor, { x: 0, y: 0 }, picture, window),
            by,
            picture,
            window,
          );
          for (const [side, spot] of [
            ['width', view.x],
            ['height', view.y],
          ] as const) {
            const over = Math.max(0, (picture[side] * view.scale - window[side]) / 2);
            expect(Math.abs(spot)).toBeLessThanOrEqual(over + 1e-6);
          }
        },
      ),
    );
  });

  it('keeps the point under the pointer where it is, as long as no edge is in the way', () => {
    const picture = { width: 4000, height: 4000 };
    const window = { width: 800, height: 800 };
    const before = kept({ scale: 1, x: 0, y: 0 }, picture, window);
    const pointer = { x: 120, y: -80 };
    const after = zoomed(before, 2, pointer, picture, window);
    const spot = (view: typeof before) => (pointer.x - view.x) / view.scale;
    expect(spot(after)).toBeCloseTo(spot(before));
  });

  it('comes back to the fitted view when zoomed out', () => {
    fc.assert(
      fc.property(size, room, at, (picture, window, pointer) => {
        const far = zoomed(
          zoomed(fitted(picture, window), 4, pointer, picture, window),
          1e-6,
          pointer,
          picture,
          window,
        );
        expect(far.scale).toBeCloseTo(fitScale(picture, window));
        expect(Math.abs(far.x)).toBeLessThan(1e-6);
        expect(Math.abs(far.y)).toBeLessThan(1e-6);
      }),
    );
  });
});
