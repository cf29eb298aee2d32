import { describe, expect, it } from 'vitest';
import { RenderSettings } from '../../contract/settings.ts';
import { type Draft, draftOf, emptyDraft, frameCount, rangeIsGood, settingsOf } from './draft.ts';

const drafts: Draft[] = [
  emptyDraft,
  { ...emptyDraft, kind: 'turntable', turntableFrames: 72, fps: 30, preset: 'final', film: false },
  { ...emptyDraft, kind: 'animation', range: '1-60', format: 'exr', transparent: true, width: 800 },
  {
    ...emptyDraft,
    kind: 'animation',
    range: '  ',
    samples: 64,
    camera: { mode: 'named', name: 'Camera.001' },
  },
  { ...emptyDraft, stillFrame: 12, depth: 16, engine: 'eevee', upAxis: '+z', denoise: 'off' },
];

describe('a draft', () => {
  it.each(drafts)('makes settings that the contract takes: %j', (draft) => {
    expect(RenderSettings.safeParse(settingsOf(draft)).error).toBeUndefined();
  });

  it.each(drafts)('comes back from its settings: %j', (draft) => {
    const back = draftOf(RenderSettings.parse(settingsOf(draft)));
    expect(settingsOf(back)).toEqual({
      ...settingsOf(draft),
      subject: RenderSettings.parse(settingsOf(draft)).subject,
    });
  });

  it('leaves to the preset what was not chosen', () => {
    expect(settingsOf(emptyDraft)).not.toHaveProperty('width');
    expect(settingsOf(emptyDraft)).not.toHaveProperty('samples');
  });

  it('asks no transparency of a JPEG', () => {
    expect(settingsOf({ ...emptyDraft, format: 'jpeg', transparent: true }).transparent).toBe(false);
  });

  it.each([
    ['', true],
    ['1-60', true],
    ['1,5,10-20x2', true],
    ['60-1', false],
    ['abc', false],
  ])('range %j is good: %s', (range, good) => expect(rangeIsGood(range)).toBe(good));

  it('knows how many pictures it makes', () => {
    expect(frameCount(emptyDraft, null)).toBe(1);
    expect(frameCount({ ...emptyDraft, kind: 'turntable', turntableFrames: 24 }, null)).toBe(24);
    expect(frameCount({ ...emptyDraft, kind: 'animation', range: '1-10x2' }, null)).toBe(5);
    expect(frameCount({ ...emptyDraft, kind: 'animation' }, null)).toBeUndefined();
  });
});
