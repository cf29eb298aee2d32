import { describe, expect, it } from 'vitest';
import { nameOfToken, roomOfToken, socketAddress } from './address.ts';
import { defaultBackOff, pauseBefore } from './back-off.ts';
import { bitrateOf, cameraEncodings, chooseCodec, screenEncodings } from './encodings.ts';
import { rates, readTrackStats } from './stats.ts';
import { changedViews, shownSize } from './viewport.ts';

describe('encodings', () => {
  it.each([
    [1920, 1080, 3],
    [1280, 720, 3],
    [640, 480, 2],
    [320, 240, 1],
  ])('of a camera of %i × %i are %i, smallest first, each worth its bits', (width, height, count) => {
    const encodings = cameraEncodings({ width, height });
    expect(encodings.map(({ rid }) => rid)).toEqual(Array.from({ length: count }, (_, index) => `r${index}`));
    expect(encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual(
      Array.from({ length: count }, (_, index) => 2 ** (count - 1 - index)),
    );
    const bits = encodings.map(({ maxBitrate }) => maxBitrate ?? 0);
    expect(bits).toEqual([...bits].sort((a, b) => a - b));
    expect(bits.at(-1)).toBe(bitrateOf(width, height));
  });

  it('are one with layers for SVC, and one without rid when there is nobody to choose', () => {
    expect(cameraEncodings({ width: 1280, height: 720 }, { layers: 'svc' })).toMatchObject([
      { scalabilityMode: 'L3T3_KEY' },
    ]);
    expect(cameraEncodings({ width: 1280, height: 720 }, { layers: 'single' })[0]?.rid).toBeUndefined();
    expect(screenEncodings().map(({ rid }) => rid)).toEqual(['r0', 'r1']);
  });

  it.each([
    [320, 180, 150_000],
    [640, 360, 480_000],
    [1280, 720, 1_540_000],
  ])('%i × %i needs about %i bit/s', (width, height, bits) => {
    expect(Math.abs(bitrateOf(width, height) - bits) / bits).toBeLessThan(0.05);
  });

  it('use the codec that is asked for, or one that has the layers', () => {
    const codec = (name: string) => ({
      kind: 'video' as const,
      mimeType: `video/${name}`,
      clockRate: 90_000,
      preferredPayloadType: 96,
    });
    const capabilities = { codecs: [codec('VP8'), codec('VP9'), codec('H264')] };
    expect(chooseCodec(capabilities)?.mimeType).toBe('video/VP8');
    expect(chooseCodec(capabilities, { layers: 'svc' })?.mimeType).toBe('video/VP9');
    expect(chooseCodec(capabilities, { codec: 'h264' })?.mimeType).toBe('video/H264');
    expect(chooseCodec(capabilities, { codec: 'av1' })).toBeUndefined();
  });
});

describe('viewport', () => {
  it('tells the largest element, in steps, and nothing for nobody', () => {
    expect(shownSize([])).toEqual({ width: 0, height: 0 });
    expect(
      shownSize([
        { width: 100, height: 60 },
        { width: 641, height: 361 },
      ]),
    ).toEqual({ width: 680, height: 400 });
  });

  it('tells only what has changed', () => {
    const view = (producerId: string, width: number) => ({ producerId, width, height: 40 });
    const told = new Map([['a', view('a', 80)]]);
    const now = new Map([
      ['a', view('a', 80)],
      ['b', view('b', 40)],
    ]);
    expect(changedViews(told, now)).toEqual([view('b', 40)]);
    expect(changedViews(now, new Map([['b', view('b', 0)]]))).toEqual([view('b', 0)]);
  });
});

describe('back-off', () => {
  it('tries at once, then ever later, never beyond the longest pause', () => {
    expect(pauseBefore(0, defaultBackOff, 1)).toBe(0);
    const pauses = Array.from({ length: 12 }, (_, attempt) => pauseBefore(attempt, defaultBackOff, 1));
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBe(defaultBackOff.longestMs);
    expect(pauseBefore(3, defaultBackOff, 0)).toBe(pauseBefore(3, defaultBackOff, 1) * 0.75);
  });
});

describe('addresses', () => {
  it.each([
    ['http://studio.example:8080', 'ws://studio.example:8080/rooms/ws?roomId=a+b&client=backlot'],
    ['https://studio.example/', 'wss://studio.example/rooms/ws?roomId=a+b&client=backlot'],
    ['wss://studio.example/rooms/ws', 'wss://studio.example/rooms/ws?roomId=a+b&client=backlot'],
    ['https://studio.example/#token=x', 'wss://studio.example/rooms/ws?roomId=a+b&client=backlot'],
  ])('%s leads to %s', (url, expected) => {
    expect(socketAddress({ url, room: 'a b' }).url).toBe(expected);
  });

  it('carry the token beside, never in the address', () => {
    const { url, protocols } = socketAddress({ url: 'http://h', room: 'r', token: 'a.b.c' });
    expect(url).not.toContain('a.b.c');
    expect(protocols).toEqual(['protoo', 'backlot.token.a.b.c']);
  });

  it('read room and name of a token, also in Chinese, and nothing of nonsense', () => {
    const payload = Buffer.from(JSON.stringify({ grants: { room: 'daily', name: '陈晓' } })).toString(
      'base64url',
    );
    expect([roomOfToken(`h.${payload}.s`), nameOfToken(`h.${payload}.s`)]).toEqual(['daily', '陈晓']);
    expect([roomOfToken('nonsense'), nameOfToken('h.!!!.s')]).toEqual([undefined, undefined]);
  });
});

describe('statistics', () => {
  const reading = (
    at: number,
    bytes: number,
    packets: number,
    lost: number | null,
    frames: number | null,
  ) => ({
    at,
    bytes,
    packets,
    lost,
    frames,
  });

  it('are rates between two readings', () => {
    expect(rates(reading(0, 0, 0, 0, 0), reading(2_000, 250_000, 190, 10, 50))).toEqual({
      bitrate: 1_000_000,
      packetsPerSecond: 95,
      loss: 0.05,
      framesPerSecond: 25,
    });
  });

  it.each([
    ['the first reading', undefined, reading(1, 1, 1, 0, 1)],
    ['counters that were set back', reading(0, 100, 10, 0, 5), reading(1_000, 50, 4, 0, 1)],
    ['no time between', reading(5, 1, 1, 0, 1), reading(5, 2, 2, 0, 2)],
  ])('are unknown for %s', (_name, before, now) => {
    expect(Object.values(rates(before, now))).toEqual([null, null, null, null]);
  });

  it('of a sender sum its layers and show the largest', () => {
    const entries = [
      { id: 'c', type: 'codec', timestamp: 9, mimeType: 'video/VP8' },
      {
        id: '0',
        type: 'outbound-rtp',
        timestamp: 9,
        kind: 'video',
        frameWidth: 320,
        bytesSent: 10,
        packetsSent: 1,
        framesPerSecond: 15,
      },
      {
        id: '1',
        type: 'outbound-rtp',
        timestamp: 9,
        kind: 'video',
        frameWidth: 640,
        frameHeight: 360,
        bytesSent: 40,
        packetsSent: 2,
        framesPerSecond: 30,
        codecId: 'c',
      },
      {
        id: '2',
        type: 'outbound-rtp',
        timestamp: 9,
        kind: 'video',
        active: false,
        bytesSent: 0,
        packetsSent: 0,
      },
    ];
    const { stats, reading: kept } = readTrackStats(
      { id: 't', kind: 'video', direction: 'out' },
      entries as never,
      undefined,
    );
    expect(kept).toMatchObject({ bytes: 50, packets: 3 });
    expect(stats).toMatchObject({
      width: 640,
      height: 360,
      codec: 'VP8',
      activeEncodings: 2,
      encodings: 3,
      bitrate: null,
    });
  });
});
