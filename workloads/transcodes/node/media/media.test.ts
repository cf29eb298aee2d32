import { describe, expect, it } from 'vitest';
import { type MediaFacts, TranscodeSettings, type TranscodeSettingsInput } from '../../contract.ts';
import { judgeMode, readOptions } from '../prove/option-string.ts';
import { judgeOutput } from './judge-output.ts';
import { readFacts } from './read-facts.ts';

const streams = JSON.stringify({
  streams: [
    { index: 0, codec_type: 'video', codec_name: 'mjpeg', disposition: { attached_pic: 1 } },
    { index: 1, codec_type: 'video', codec_name: 'h264', width: 640, height: 360, pix_fmt: 'yuv420p' },
    { index: 2, codec_type: 'audio', codec_name: 'aac', channels: 2, sample_rate: '48000' },
  ],
});

describe('what a film is', () => {
  it('is counted packet by packet, in whatever order they come', () => {
    const facts = readFacts(
      streams,
      [
        '0,0.0,0.0,N/A',
        '1,0.080,0.0,0.040',
        '1,0.040,0.040,0.040',
        '2,0.0,0.0,0.021',
        '2,0.021,0.021,0.021',
      ].join('\n'),
    );
    expect(facts.video).toMatchObject({ codec: 'h264', frames: 2, startMs: 40 });
    expect(facts.video?.endMs).toBeCloseTo(120);
    expect(facts.audio).toMatchObject({ packets: 2, startMs: 0, sampleRate: 48_000 });
  });

  it('has no times where the packets have none, and no sound where there is none', () => {
    const facts = readFacts(streams, '1,N/A,N/A,N/A\n1,N/A,0.5,N/A\n\ngarbage\n');
    expect(facts.video).toMatchObject({ frames: 2, startMs: 500, endMs: 500 });
    expect(facts.audio).toMatchObject({ packets: 0, startMs: 0, endMs: 0 });
    expect(readFacts('{}', '')).toEqual({ video: null, audio: null });
  });
});

const film: MediaFacts = {
  video: {
    codec: 'h264',
    width: 640,
    height: 360,
    pixelFormat: 'yuv420p',
    frames: 250,
    startMs: 0,
    endMs: 10_000,
  },
  audio: { codec: 'aac', channels: 2, sampleRate: 48_000, packets: 469, startMs: 0, endMs: 10_005 },
};
const changed = (
  video: Partial<NonNullable<MediaFacts['video']>>,
  audio: Partial<NonNullable<MediaFacts['audio']>> = {},
) =>
  ({
    video: film.video && { ...film.video, ...video },
    audio: film.audio && { ...film.audio, ...audio },
  }) satisfies MediaFacts;

describe('whether a film is the one that went in', () => {
  const judge = (settings: TranscodeSettingsInput, output: MediaFacts) =>
    judgeOutput(TranscodeSettings.parse(settings), 'asked', film, output);

  it.each<[string, TranscodeSettingsInput, MediaFacts, RegExp | undefined]>([
    ['the same', {}, film, undefined],
    ['a frame more', {}, changed({ frames: 251 }), undefined],
    ['two frames less', {}, changed({ frames: 248 }), /248 pictures of 250/],
    ['a packet less in a copy', { rate: { mode: 'copy' } }, changed({ frames: 249 }), /249/],
    ['another codec', { codec: 'h265' }, film, /h264 and not hevc/],
    ['another size', { width: 320 }, film, /640x360 and not 320x180/],
    ['half the frame rate', { fps: 12.5 }, changed({ frames: 125 }), undefined],
    ['no sound', {}, { ...film, audio: null }, /sound is missing/],
    ['no sound, as asked', { audio: { codec: 'none' } }, { ...film, audio: null }, undefined],
    ['sound that begins later', {}, changed({}, { startMs: 60, endMs: 10_060 }), /moved by 60 ms/],
    ['sound that ends early', {}, changed({}, { endMs: 9_000 }), /1005 ms shorter/],
    ['nothing', {}, { video: null, audio: null }, /no picture/],
  ])('%s', (_name, settings, output, expected) => {
    const wrong = judge(settings, output);
    if (expected) expect(wrong).toMatch(expected);
    else expect(wrong).toBeUndefined();
  });
});

describe('the words that an encoder leaves', () => {
  const x264 = (options: string) =>
    Buffer.from(
      `\0\0\x01\x06x264 - core 164 r3095 - H.264/MPEG-4 AVC codec - Copyleft - options: ${options}\x80\0`,
      'latin1',
    );

  it('are found, and nothing is made of a stream without any', () => {
    expect(readOptions(x264('cabac=1 rc=crf crf=24.0 no-deblock'))?.get('crf')).toBe('24.0');
    expect(readOptions(x264('a no-deblock'))?.get('no-deblock')).toBe('1');
    expect(readOptions(Buffer.from('options: rc=crf'))).toBeUndefined();
    expect(readOptions(Buffer.alloc(0))).toBeUndefined();
  });

  it('tell when the encoder did something else', () => {
    const options = new Map([
      ['rc', 'crf'],
      ['crf', '23.0'],
    ]);
    expect(judgeMode({ mode: 'crf', quality: 23 }, options)).toBeUndefined();
    expect(judgeMode({ mode: 'crf', quality: 24 }, options)).toMatch(/crf=23.0 and not 24/);
    expect(judgeMode({ mode: 'cq', quantiser: 23 }, options)).toMatch(/rc=crf and not cqp/);
    expect(judgeMode({ mode: 'b', bitrate: 1_000_000 }, options)).toMatch(/rc=crf and not cbr/);
    expect(judgeMode({ mode: 'crf', quality: 23, maxBitrate: 600_000 }, options)).toMatch(
      /vbv_maxrate=nothing/,
    );
    expect(judgeMode({ mode: 'copy' }, options)).toBeUndefined();
  });
});
