import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { angleAt, clampElevation, normalizeAzimuth, placeOnOrbit } from './orbit-angles.ts';

describe('the camera dial', () => {
  it.each([
    [0, 0],
    [190, -170],
    [-190, 170],
    [-180, 180],
    [540, 180],
    [44.6, 45],
  ])('azimuth %s is %s', (given, normal) => expect(normalizeAzimuth(given)).toBe(normal));

  it('puts the front at the bottom and the right side at the right', () => {
    expect(placeOnOrbit(0, 0)).toEqual({ x: 0, y: 1 });
    expect(placeOnOrbit(90, 0).x).toBeCloseTo(1);
    expect(Math.hypot(...Object.values(placeOnOrbit(37, 90)))).toBeCloseTo(0);
  });

  it('gives back the angles that it shows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -179, max: 180 }),
        fc.integer({ min: 0, max: 88 }),
        (azimuth, elevation) => {
          const { x, y } = placeOnOrbit(azimuth, elevation);
          expect(angleAt(x, y)).toEqual({ azimuth, elevation });
        },
      ),
    );
  });

  it('stays on the dial', () => {
    expect(clampElevation(120)).toBe(89);
    expect(clampElevation(-5)).toBe(0);
    expect(angleAt(3, 0)).toEqual({ azimuth: 90, elevation: 0 });
  });
});
