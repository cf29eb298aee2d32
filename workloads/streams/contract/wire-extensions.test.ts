import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlayerExtension } from './wire-extensions.ts';

const read = (figures: object) => PlayerExtension.safeParse({ type: 'backlot.stats', ...figures });

describe('figures of a page', () => {
  it.each([
    { width: Number.MAX_SAFE_INTEGER },
    { height: 2 ** 31 },
    { framesDropped: 2 ** 31 },
    { framesDropped: 0.5 },
    { rttMs: 1e300 },
    { bitrateBps: 1e13 },
    { jitterMs: -1 },
    { fps: Number.POSITIVE_INFINITY },
    { lostFraction: 1.1 },
    { rttMs: '12' },
  ])('%j are none', (figures) => {
    expect(read(figures).success).toBe(false);
  });

  it.each([
    [{ rttMs: 1e-300 }, { rttMs: 0 }],
    [{ lostFraction: 1e-40 }, { lostFraction: 0 }],
    [{ jitterMs: 0.25 }, { jitterMs: 0.25 }],
    [{ width: 2 ** 31 - 1 }, { width: 2 ** 31 - 1 }],
    [{ fps: null }, { fps: null }],
    [{}, { fps: null, width: null }],
  ])('%j are read as %j', (figures, expected) => {
    expect(read(figures).data).toMatchObject(expected);
  });

  it('that are taken always fit the columns that they are kept in', () => {
    const names = [
      'bitrateBps',
      'rttMs',
      'fps',
      'lostFraction',
      'jitterMs',
      'width',
      'height',
      'framesDropped',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.oneof(fc.double(), fc.maxSafeNat()), (name, value) => {
        const { data } = read({ [name]: value });
        if (data?.type !== 'backlot.stats') return;
        const kept = data[name as 'rttMs'] as number;
        if (['width', 'height', 'framesDropped'].includes(name)) expect(kept).toBe(kept | 0);
        // `real` knows nothing between 0 and 1e-37, nor beyond 1e37.
        else expect(kept === 0 || (kept > 1e-37 && kept < 1e37)).toBe(true);
      }),
    );
  });
});
