import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutChunks, renderOrder } from './chunks.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const input = fc.record({
  frames: fc.integer({ min: 0, max: 400 }).map(range),
  frameSeconds: fc.double({ min: 0.001, max: 3_600, noNaN: true }),
  startSeconds: fc.double({ min: 0, max: 120, noNaN: true }),
  slots: fc.integer({ min: 1, max: 200 }),
});

describe('the order of frames', () => {
  it('shows first what tells most about a shot', () => {
    expect(renderOrder(range(9))).toEqual([5, 9, 1, 2, 3, 4, 6, 7, 8]);
    expect(renderOrder([4])).toEqual([4]);
    expect(renderOrder([])).toEqual([]);
  });
});

describe('cutting frames into chunks', () => {
  it('puts every frame into exactly one chunk', () => {
    fc.assert(
      fc.property(input, (given) => {
        const chunks = cutChunks(given);
        expect(chunks.flat().sort((a, b) => a - b)).toEqual(given.frames);
        expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
      }),
    );
  });

  it.each([
    // frames, seconds of one, seconds to start, slots -> sizes
    [59, 0.85, 1.25, 1, [59]],
    [10, 70, 1.25, 1, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [20, 5, 1.25, 1, [12, 8]],
    [10, 30, 1.25, 4, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [60, 0.85, 1.25, 3, [10, 9, 7, 6, 6, 6, 6, 6, 4]],
  ])(
    '%i frames of %d s with a start of %d s on %i slots',
    (count, frameSeconds, startSeconds, slots, sizes) => {
      const chunks = cutChunks({ frames: range(count), frameSeconds, startSeconds, slots });
      expect(chunks.map((chunk) => chunk.length)).toEqual(sizes);
    },
  );

  it('loses little to starting: on one slot at most a tenth, however short frames are', () => {
    fc.assert(
      fc.property(input, (given) => {
        const chunks = cutChunks({ ...given, slots: 1 });
        const full = chunks.slice(0, -1);
        // 500 frames are the most of one chunk; a start that is longer than all of them can't be made up for.
        fc.pre(500 * given.frameSeconds > 20 * given.startSeconds);
        for (const chunk of full)
          expect(given.startSeconds).toBeLessThanOrEqual(0.1 * chunk.length * given.frameSeconds + 1e-9);
      }),
    );
  });

  it('leaves work for everybody: with several slots no chunk takes more than its share of what is left', () => {
    fc.assert(
      fc.property(input, (given) => {
        const [first] = cutChunks(given);
        if (!first || given.slots < 2) return;
        const smallest = Math.ceil((4 * given.startSeconds) / given.frameSeconds);
        expect(first.length).toBeLessThanOrEqual(
          Math.max(1, smallest, Math.ceil(given.frames.length / (2 * given.slots))),
        );
      }),
    );
  });
});
