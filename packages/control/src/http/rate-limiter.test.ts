import type { Clock } from '@backlot/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

/** Time that moves only by hand. */
function handClock(): Clock & { move(ms: number): void } {
  let now = 1_000_000;
  return {
    now: () => now,
    monotonic: () => now,
    after: () => () => undefined,
    sleep: () => Promise.resolve(),
    move: (ms) => {
      now += ms;
    },
  };
}

it('lets a burst through, then says how long to wait, and refills evenly', () => {
  const clock = handClock();
  const limiter = new RateLimiter(clock);
  const rule = { burst: 3, perMinute: 6 };
  expect([1, 2, 3].map(() => limiter.take('a', rule))).toEqual([0, 0, 0]);
  expect(limiter.take('a', rule)).toBe(10);
  expect(limiter.take('b', rule)).toBe(0);
  clock.move(9_000);
  expect(limiter.take('a', rule)).toBe(1);
  clock.move(1_000);
  expect(limiter.take('a', rule)).toBe(0);
  expect(limiter.take('a', rule)).toBe(10);
});

it('never lets more through in any window than the burst and what refilled', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 120 }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 }),
      (burst, perMinute, pauses) => {
        const clock = handClock();
        const limiter = new RateLimiter(clock);
        const passed: number[] = [];
        for (const pause of pauses) {
          clock.move(pause);
          if (limiter.take('key', { burst, perMinute }) === 0) passed.push(clock.monotonic());
        }
        for (const [from, start] of passed.entries()) {
          for (let to = from; to < passed.length; to += 1) {
            const windowMs = (passed[to] ?? 0) - start;
            expect(to - from + 1).toBeLessThanOrEqual(burst + (windowMs * perMinute) / 60_000 + 1e-6);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('gives back what did not count', () => {
  const limiter = new RateLimiter(handClock());
  const rule = { burst: 1, perMinute: 1 };
  expect(limiter.take('a', rule)).toBe(0);
  limiter.refund('a', rule);
  expect(limiter.take('a', rule)).toBe(0);
  expect(limiter.take('a', rule)).toBe(60);
});

it('remembers a bounded number of keys', () => {
  const limiter = new RateLimiter(handClock(), 100);
  const rule = { burst: 1, perMinute: 1 };
  for (let key = 0; key < 1_000; key += 1) limiter.take(`key-${key}`, rule);
  expect(limiter.take('key-999', rule)).toBeGreaterThan(0);
  expect(limiter.take('key-0', rule)).toBe(0);
});
