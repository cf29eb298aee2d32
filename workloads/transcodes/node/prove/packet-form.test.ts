import { describe, expect, it } from 'vitest';
import { readCopiedTracks } from './packet-digests.ts';
import { commonForm, type Framing, framingOf } from './packet-form.ts';

describe('how a container marks off units', () => {
  it.each<[string, string | undefined, Framing]>([
    ['mov,mp4,m4a,3gp,3g2,mj2', undefined, 'lengths'],
    ['matroska,webm', undefined, 'lengths'],
    ['flv', 'true', 'lengths'],
    ['mpegts', 'false', 'start-codes'],
    ['avi', undefined, 'start-codes'],
    ['matroska,webm', 'false', 'start-codes'],
    ['mxf', 'true', 'lengths'],
  ])('%s, avc %s: %s', (format, avc, framing) => {
    expect(framingOf(format, avc)).toBe(framing);
  });
});

describe('the form in which packets are compared', () => {
  const form = (codec: string, source: Framing, output: Framing) =>
    commonForm({ codec, framing: source }, { codec, framing: output });

  it.each(['h264', 'hevc', 'aac', 'mp3', 'vp9'])(
    'of %s is the bytes of the file where both are alike',
    (codec) => {
      expect(form(codec, 'lengths', 'lengths')).toMatchObject({
        source: undefined,
        output: undefined,
        leftOut: undefined,
      });
    },
  );

  it.each<[string, Framing, Framing, string | undefined, string | undefined]>([
    ['h264', 'start-codes', 'lengths', 'filter_units=remove_types=9', 'filter_units=remove_types=9'],
    ['h264', 'lengths', 'start-codes', 'filter_units=remove_types=7-9', 'filter_units=remove_types=7-9'],
    ['hevc', 'start-codes', 'lengths', 'filter_units=remove_types=32-35', 'filter_units=remove_types=32-35'],
    ['aac', 'start-codes', 'lengths', 'aac_adtstoasc', undefined],
    ['aac', 'lengths', 'start-codes', undefined, 'aac_adtstoasc'],
    ['mp3', 'start-codes', 'lengths', undefined, undefined],
  ])('of %s from %s to %s', (codec, source, output, before, after) => {
    const common = form(codec, source, output);
    expect([common.source, common.output]).toEqual([before, after]);
    expect(common.leftOut === undefined).toBe(before === undefined && after === undefined);
  });
});

describe('the tracks that a copy has', () => {
  it('are pictures, then sound, and no cover', () => {
    const json = JSON.stringify({
      format: { format_name: 'flv' },
      streams: [
        { index: 0, codec_type: 'audio', codec_name: 'aac' },
        { index: 1, codec_type: 'video', codec_name: 'mjpeg', disposition: { attached_pic: 1 } },
        { index: 2, codec_type: 'video', codec_name: 'h264', is_avc: 'true' },
        { index: 3, codec_type: 'data' },
      ],
    });
    expect(readCopiedTracks(json)).toEqual([
      { index: 2, kind: 'video', codec: 'h264', framing: 'lengths' },
      { index: 0, kind: 'audio', codec: 'aac', framing: 'lengths' },
    ]);
  });
});
