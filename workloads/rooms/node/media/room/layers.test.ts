import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layerForView, spatialLayersOf, wantedLayer } from './layers.ts';

describe('layers', () => {
  it.each([
    [{ type: 'simple', encodings: [{}] }, 1],
    [{ type: 'simulcast', encodings: [{}, {}, {}] }, 3],
    [{ type: 'svc', encodings: [{ scalabilityMode: 'L3T3_KEY' }] }, 3],
    [{ type: 'svc', encodings: [{ scalabilityMode: 'L1T3' }] }, 1],
  ] as const)('of %j are %d', (producer, layers) => expect(spatialLayersOf(producer)).toBe(layers));

  it.each([
    [{ width: 160, height: 90 }, 0],
    [{ width: 320, height: 180 }, 0],
    [{ width: 400, height: 225 }, 0],
    [{ width: 410, height: 180 }, 1],
    [{ width: 640, height: 360 }, 1],
    [{ width: 1_280, height: 720 }, 2],
    [{ width: 3_840, height: 2_160 }, 2],
    // A narrow, high view of a wide picture is cropped: the height decides.
    [{ width: 100, height: 720 }, 2],
  ])('of a view of %j of 1280×720 in three layers: %d', (view, layer) => {
    expect(layerForView(view, { width: 1_280, height: 720 }, 3)).toBe(layer);
  });

  it('grow with the view, and never pass the highest', () => {
    const size = fc.integer({ min: 1, max: 8_192 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 4 }), (width, height, layers) => {
        const top = { width: 1_920, height: 1_080 };
        const layer = layerForView({ width, height }, top, layers);
        expect(layer).toBeGreaterThanOrEqual(0);
        expect(layer).toBeLessThan(layers);
        expect(layerForView({ width: width * 2, height: height * 2 }, top, layers)).toBeGreaterThanOrEqual(
          layer,
        );
      }),
    );
  });

  it.each([
    [[], null],
    [[{ paused: true }], null],
    [[{ paused: false, preferred: { spatialLayer: 0 } }, { paused: true }], 0],
    [
      [
        { paused: false, preferred: { spatialLayer: 1 } },
        { paused: false, preferred: { spatialLayer: 0 } },
      ],
      1,
    ],
    // No preference is everything.
    [[{ paused: false }], 2],
    [[{ paused: false, preferred: { spatialLayer: 7 } }], 2],
  ])('wanted by %j are up to %s', (wishes, layer) => expect(wantedLayer(3, wishes)).toBe(layer));
});
