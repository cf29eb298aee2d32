import { describe, expect, it } from 'vitest';
import { Shaper } from './shaper.ts';

const never = () => 0.999;

describe('a bad path', () => {
  it('lets everything through at once when nothing is bad', () => {
    const path = new Shaper({ kbps: null, delayMs: 0, loss: 0 }, never);
    expect(path.admit(1_500, 0)).toBe(0);
  });

  it('delays', () => {
    expect(new Shaper({ kbps: null, delayMs: 50, loss: 0 }, never).admit(1_500, 0)).toBe(50);
  });

  it('loses its share', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const path = new Shaper({ kbps: null, delayMs: 0, loss: 0.2 }, random);
    const lost = Array.from({ length: 10_000 }, () => path.admit(100, 0)).filter((delay) => delay === null);
    expect(lost.length / 10_000).toBeCloseTo(0.2, 1);
  });

  it('carries no more than its rate: what comes too fast waits, and is dropped when it would wait too long', () => {
    // 1,000 bytes at 800 kbit/s take 10 ms.
    const path = new Shaper({ kbps: 800, delayMs: 0, loss: 0 }, never);
    const delays = Array.from({ length: 40 }, () => path.admit(1_000, 0));
    expect(delays.slice(0, 3)).toEqual([10, 20, 30]);
    expect(delays.filter((delay) => delay !== null)).toHaveLength(31);
    // Half a second later the queue is empty again.
    expect(path.admit(1_000, 500)).toBe(10);
  });
});
