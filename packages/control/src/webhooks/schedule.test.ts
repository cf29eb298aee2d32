import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextPauseS, retryPausesS } from './schedule.ts';

it('goes on for some three days and then gives up', () => {
  const pauses = [];
  for (let failed = 1; ; failed += 1) {
    const pause = nextPauseS(failed, 0);
    if (pause === undefined) break;
    pauses.push(pause);
  }
  expect(pauses).toEqual([...retryPausesS]);
  const days = pauses.reduce((sum, pause) => sum + pause, 0) / 86_400;
  expect(days).toBeGreaterThan(2.5);
  expect(days).toBeLessThan(3.5);
});

it('spreads within a tenth, and waits as long as the receiver asks, up to an hour', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: retryPausesS.length }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (failed, random, asked) => {
        const pause = nextPauseS(failed, random, asked) ?? 0;
        const plain = retryPausesS[failed - 1] ?? 0;
        expect(pause).toBeGreaterThanOrEqual(Math.max(plain, Math.min(asked, 3_600)));
        expect(pause).toBeLessThanOrEqual(Math.max(plain * 1.1, Math.min(asked, 3_600)));
      },
    ),
  );
});
