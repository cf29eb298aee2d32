import { UsageError } from '@backlot/cli/command';
import { describe, expect, it } from 'vitest';
import { readBitrate, settingsOf, TranscodeInput } from './settings-of.ts';

const typed = (options: Record<string, unknown>) =>
  settingsOf(TranscodeInput.parse({ file: 'a.mkv', ...options }));

describe('the options of backlot transcode', () => {
  it.each([
    ['5000k', 5_000_000],
    ['2.5M', 2_500_000],
    ['800000', 800_000],
    ['fast', undefined],
    ['5g', undefined],
    ['', undefined],
  ])('read a rate as people write it: %s', (text, bits) => {
    expect(readBitrate(text)).toBe(bits);
  });

  it('become settings; what is left out stays with the defaults', () => {
    expect(typed({})).toMatchObject({ rate: { mode: 'crf', quality: 23 }, codec: 'h264', container: 'mp4' });
    expect(typed({ mode: 'copy', container: 'mkv' })).toMatchObject({
      rate: { mode: 'copy' },
      container: 'mkv',
    });
    expect(
      typed({ mode: 'vbr', bitrate: '3M', maxBitrate: '6M', twoPass: true, fit: '1280x720', fps: '30' }),
    ).toMatchObject({
      rate: { mode: 'vbr', bitrate: 3_000_000, maxBitrate: 6_000_000, twoPass: true },
      width: 1280,
      height: 720,
      fps: 30,
    });
  });

  it('say what a mode lacks, and what does not go together', () => {
    expect(() => typed({ mode: 'vbr', bitrate: '3M' })).toThrow(/--max-bitrate/);
    expect(() => typed({ mode: 'abr' })).toThrow(UsageError);
    expect(() => typed({ mode: 'copy', fps: '30' })).toThrow(/leave out width/);
    expect(TranscodeInput.safeParse({ file: 'a', bitrate: 'much' }).success).toBe(false);
  });
});
