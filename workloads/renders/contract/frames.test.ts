import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFrames, frameFile, MAX_FRAMES, parseFrames } from './frames.ts';
import { presets, RenderSettings, resolvePicture } from './settings.ts';

describe('frame ranges', () => {
  it.each([
    ['1', [1]],
    ['1-5', [1, 2, 3, 4, 5]],
    ['5, 1-3', [1, 2, 3, 5]],
    ['1-10x4', [1, 5, 9]],
    ['-3--1', [-3, -2, -1]],
    ['-2-1', [-2, -1, 0, 1]],
    ['7,7,7', [7]],
  ])('%s names %j', (text, frames) => {
    expect(parseFrames(text)).toEqual(frames);
  });

  it.each([
    '',
    'a',
    '1-',
    '5-1',
    '1..3',
    '1-5x0',
    '3x2',
    '1;2',
    '1-99999999',
    `1-${MAX_FRAMES + 1}`,
    '1,,2',
    '$(ls)',
  ])('refuses %j', (text) => {
    expect(parseFrames(text)).toBeUndefined();
  });

  it('reads back what it has written, whatever the frames are', () => {
    const frames = fc.uniqueArray(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(frames, (list) => {
        expect(parseFrames(formatFrames(list))).toEqual([...list].sort((a, b) => a - b));
      }),
    );
  });

  it('never throws and never gives more frames than allowed', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9,x -]{0,40}$/), (text) => {
        expect(parseFrames(text)?.length ?? 0).toBeLessThanOrEqual(MAX_FRAMES);
      }),
    );
  });

  it('gives every frame a file name of its own that sorts by number', () => {
    expect(frameFile(7, 'png')).toBe('frame-000007.png');
    expect(frameFile(-7, 'jpeg')).toBe('frame-m000007.jpg');
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 999_999 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(numbers, (list) => {
        const sorted = [...list].sort((a, b) => a - b).map((frame) => frameFile(frame, 'exr'));
        expect(sorted).toEqual([...new Set(sorted)].sort());
      }),
    );
  });
});

describe('settings', () => {
  it('take everything that is left out from the preset', () => {
    expect(resolvePicture(RenderSettings.parse({}))).toEqual(presets.draft);
    expect(resolvePicture(RenderSettings.parse({ preset: 'final', samples: 64 }))).toMatchObject({
      samples: 64,
      // Who says how many samples gets all of them.
      noiseThreshold: 0,
    });
  });

  it('keep the proportions of the preset when one side is given', () => {
    expect(resolvePicture(RenderSettings.parse({ width: 320 }))).toMatchObject({ width: 320, height: 240 });
    expect(resolvePicture(RenderSettings.parse({ height: 300 }))).toMatchObject({ width: 400, height: 300 });
  });

  it('make the sides of a film even, as H.264 wants them', () => {
    const side = fc.integer({ min: 8, max: 4_000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const picture = resolvePicture(
          RenderSettings.parse({ width, height, subject: { kind: 'turntable' } }),
        );
        expect([picture.width % 2, picture.height % 2]).toEqual([0, 0]);
        expect(picture.width - width).toBeLessThanOrEqual(1);
      }),
    );
  });
});
