import { UsageError } from '@backlot/cli/command';
import { fill } from '@backlot/contract/phrase';
import { describe, expect, it } from 'vitest';
import { readBitrate, settingsOf, TranscodeInput } from './settings-of.ts';

const typed = (options: Record<string, unknown>) =>
  settingsOf(TranscodeInput.parse({ file: 'a.mkv', ...options }), (phrase, params = {}) =>
    fill(phrase, params, 'en'),
  );

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
    expect(() => typed({ mode: 'abr', bitrate: '3M', codec: 'av1', twoPass: true })).toThrow(/one pass/);
    expect(TranscodeInput.safeParse({ file: 'a', bitrate: 'much' }).success).toBe(false);
  });

  it.each([
    [{ bitrate: '3M' }, '--bitrate means nothing with --mode crf', 'b, abr, vbr'],
    [{ mode: 'cq', maxBitrate: '3M' }, '--max-bitrate means nothing with --mode cq', 'crf, vbr'],
    [{ mode: 'abr', bitrate: '3M', quality: '20' }, '--quality means nothing with --mode abr', 'crf, cq'],
    [{ mode: 'crf', twoPass: true }, '--two-pass means nothing with --mode crf', 'abr, vbr'],
    [{ mode: 'copy', fps: '30' }, '--fps means nothing with --mode copy', 'crf, cq, b, abr, vbr'],
    [{ mode: 'copy', subtitles: 'a.srt' }, '--subtitles means nothing with --mode copy', 'crf'],
  ])('that the mode does not know are refused: %j', (options, sentence, modes) => {
    expect(() => typed(options)).toThrow(sentence);
    expect(() => typed(options)).toThrow(modes);
  });
});
