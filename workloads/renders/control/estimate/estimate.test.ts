import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EstimateInput, estimateRender } from './estimate.ts';

const base: EstimateInput = {
  picture: { width: 640, height: 480, samples: 32, noiseThreshold: 0, bounces: 4 },
  frames: 60,
  knowledge: { basis: 'guess' },
  slots: 1,
  cores: 2,
  startSeconds: 1.25,
  chunks: 3,
  pricePerCoreHour: null,
};

describe('the estimate of a render', () => {
  it('is what was measured, once something was', () => {
    const seconds = Array.from({ length: 15 }, () => 0.85);
    const found = estimateRender({ ...base, frames: 45, knowledge: { basis: 'measured', seconds } });
    expect(found.basis).toBe('measured');
    expect(found.wallMs).toBe(1000 * (45 * 0.85 + 3 * 1.25));
    // After a quarter of the work, 20 % either way are promised.
    expect(found.highMs / found.wallMs).toBeLessThan(1.2);
    expect(found.lowMs / found.wallMs).toBeGreaterThan(0.8);
  });

  it('scales earlier renders of the same model by their pixels and samples', () => {
    const frames = [{ width: 320, height: 240, samples: 32, seconds: 1 }];
    const found = estimateRender({
      ...base,
      frames: 1,
      chunks: 0,
      knowledge: { basis: 'comparable', frames },
    });
    expect(found.wallMs).toBe(4_000);
  });

  it('costs what its core hours cost, and nothing when there is no price', () => {
    const seconds = [3_600];
    const input = { ...base, frames: 2, chunks: 0, knowledge: { basis: 'measured' as const, seconds } };
    expect(estimateRender(input)).toMatchObject({ coreHours: 4, cost: null });
    expect(estimateRender({ ...input, pricePerCoreHour: 0.25 }).cost).toBe(1);
  });

  it('always has its value inside its band, less of it with more slots, and never anything negative', () => {
    const seconds = fc.array(fc.double({ min: 0.01, max: 500, noNaN: true }), {
      minLength: 1,
      maxLength: 40,
    });
    const slots = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(seconds, slots, fc.integer({ min: 0, max: 500 }), (measured, many, frames) => {
        const input = { ...base, frames, knowledge: { basis: 'measured' as const, seconds: measured } };
        const one = estimateRender(input);
        const more = estimateRender({ ...input, slots: many });
        for (const found of [one, more]) {
          expect(found.lowMs).toBeGreaterThanOrEqual(0);
          expect(found.lowMs).toBeLessThanOrEqual(found.wallMs);
          expect(found.wallMs).toBeLessThanOrEqual(found.highMs);
        }
        expect(more.wallMs).toBeLessThanOrEqual(one.wallMs);
      }),
    );
  });
});
