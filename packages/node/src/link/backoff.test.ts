import fc from 'fast-check';
import { expect, it } from 'vitest';
import { retryDelay } from './backoff.ts';

it('tries again within a second at first, and never waits longer than 32 seconds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      (failures, random) => {
        const delay = retryDelay(failures, random);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(failures <= 8 ? 1_000 : 32_000);
      },
    ),
  );
  expect(retryDelay(20, 0.999)).toBeGreaterThan(30_000);
});
