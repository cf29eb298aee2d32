import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate } from './eta.ts';

const samples = (n: number, wallMs: number, weight = 1) =>
  Array.from({ length: n }, () => ({ weight, wallMs }));

describe('the estimate of a job', () => {
  it('says nothing before anything was measured', () => {
    expect(estimate([], [{ kind: 'frame', weight: 10 }], 1)).toBeNull();
    expect(
      estimate([{ kind: 'import', samples: samples(3, 500, 0) }], [{ kind: 'frame', weight: 1 }], 1),
    ).toBeNull();
  });

  it('is what is left times what one took, over the slots', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 64 }),
        (n, wallMs, left, slots) => {
          const found = estimate(
            [{ kind: 'f', samples: samples(n, wallMs) }],
            [{ kind: 'f', weight: left }],
            slots,
          );
          expect(found?.etaMs).toBeCloseTo((left * wallMs) / slots, 3);
          expect(found?.etaLowMs).toBeLessThanOrEqual(found?.etaMs ?? 0);
          expect(found?.etaHighMs).toBeGreaterThanOrEqual(found?.etaMs ?? 0);
        },
      ),
    );
  });

  it('has a band that narrows with every sample', () => {
    const width = (n: number) => {
      const found = estimate([{ kind: 'f', samples: samples(n, 100) }], [{ kind: 'f', weight: 100 }], 1);
      return (found?.etaHighMs ?? 0) - (found?.etaLowMs ?? 0);
    };
    expect(width(1)).toBeGreaterThan(width(4));
    expect(width(4)).toBeGreaterThan(width(40));
  });

  it('holds the truth in its band in at least three of four jobs with scattered times', () => {
    // A fixed sequence of times between 50 and 150 ms, so that the test says the same every time.
    let seed = 12_345;
    const next = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return 50 + (100 * seed) / 2 ** 31;
    };
    let inside = 0;
    for (let job = 0; job < 200; job += 1) {
      const measured = Array.from({ length: 15 }, () => ({ weight: 1, wallMs: next() }));
      const truth = Array.from({ length: 45 }, next).reduce((sum, ms) => sum + ms, 0);
      const found = estimate([{ kind: 'f', samples: measured }], [{ kind: 'f', weight: 45 }], 1);
      if (found && truth >= found.etaLowMs && truth <= found.etaHighMs) inside += 1;
    }
    expect(inside).toBeGreaterThan(150);
  });

  it('takes the mean of the others for a kind that was never measured, with a wider band', () => {
    const known = estimate([{ kind: 'a', samples: samples(20, 100) }], [{ kind: 'a', weight: 10 }], 1);
    const foreign = estimate([{ kind: 'a', samples: samples(20, 100) }], [{ kind: 'b', weight: 10 }], 1);
    expect(foreign?.etaMs).toBeCloseTo(known?.etaMs ?? 0);
    expect(foreign?.etaHighMs).toBeGreaterThan(known?.etaHighMs ?? 0);
  });
});
