import { expect, it } from 'vitest';
import { readingLimitMs } from './reading-limit.ts';

it.each([
  [0, 600_000],
  [1_000_000, 600_250],
  // A day of 8 Mbit/s: hours on the slowest disk, where ten minutes were not enough for a fast one.
  [86_400_000_000, 22_200_000],
])('a film of %i bytes may take %i ms to be read', (bytes, ms) => {
  expect(readingLimitMs(bytes)).toBe(ms);
});
