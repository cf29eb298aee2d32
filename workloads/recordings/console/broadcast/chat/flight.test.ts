import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Flown, flightMs, laneFor, stillLaneFor, stillMs } from './flight.ts';

describe('a line that flies over the picture', () => {
  const room = 800;
  it.each<[string, readonly (Flown | undefined)[], Flown, number | undefined]>([
    ['takes the first empty lane', [undefined, undefined], { start: 0, width: 100 }, 0],
    ['leaves one that just began', [{ start: 0, width: 100 }, undefined], { start: 100, width: 100 }, 1],
    ['follows one that is in', [{ start: 0, width: 100 }], { start: 2_000, width: 100 }, 0],
    ['does not overtake a shorter one', [{ start: 0, width: 50 }], { start: 2_000, width: 800 }, undefined],
    ['is left out where all are full', [{ start: 0, width: 400 }], { start: 1, width: 10 }, undefined],
  ])('%s', (_what, lanes, line, lane) => {
    expect(laneFor(lanes, line, room)).toBe(lane);
  });

  it('never touches the one before it', () => {
    const width = fc.integer({ min: 10, max: 1_500 });
    fc.assert(
      fc.property(width, width, fc.nat(9_000), fc.integer({ min: 200, max: 2_000 }), (a, b, start, wide) => {
        if (laneFor([{ start: 0, width: a }], { start, width: b }, wide) === undefined) return;
        for (let at = start; at <= flightMs; at += 50) {
          const tail = wide - ((wide + a) * at) / flightMs + a;
          const head = wide - ((wide + b) * (at - start)) / flightMs;
          expect(head).toBeGreaterThanOrEqual(tail - 1e-6);
        }
      }),
    );
  });

  it('stands still in a lane of its own for a while', () => {
    const lanes = [
      { start: 0, width: 1 },
      { start: 900, width: 1 },
    ];
    expect(stillLaneFor(lanes, stillMs - 1)).toBeUndefined();
    expect(stillLaneFor(lanes, stillMs)).toBe(0);
    expect(stillLaneFor([], 0)).toBeUndefined();
  });
});
