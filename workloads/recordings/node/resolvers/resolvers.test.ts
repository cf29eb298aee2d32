import { describe, expect, it } from 'vitest';
import { chooseQualities, type Quality } from './qualities.ts';
import { readStreamlink } from './read-streamlink.ts';
import { readYtDlp } from './read-yt-dlp.ts';

const quality = (name: string, height: number | undefined): Quality => ({
  name,
  height,
  kind: 'hls',
  url: `https://h/${name}`,
  headers: {},
});
const twitch = [
  quality('1080p60', 1080),
  quality('1080p60_alt', 1080),
  quality('720p', 720),
  quality('360p', 360),
  quality('audio_only', 0),
];

describe('a wish for a quality', () => {
  it.each([
    [[], ['1080p60', '1080p60_alt']],
    [['best'], ['1080p60', '1080p60_alt']],
    [['1080p60'], ['1080p60', '1080p60_alt']],
    [['720P'], ['720p']],
    [['480p', '360p'], ['360p']],
    [['1080'], ['1080p60', '1080p60_alt']],
    [['worst'], ['360p']],
    [['audio'], ['audio_only']],
    [['240p'], ['1080p60', '1080p60_alt']],
  ])('%j is answered by %j', (wanted, names) => {
    expect(chooseQualities(twitch, wanted).map(({ name }) => name)).toEqual(names);
  });

  it('is answered by nothing where there is nothing', () =>
    expect(chooseQualities([], ['best'])).toEqual([]));
});

describe('streamlink', () => {
  const stream = (type: string, url: string) => ({
    type,
    url,
    headers: { 'User-Agent': 'x', 'Accept-Encoding': 'br', Bad: 'a\nb' },
  });

  it('is read: names without aliases, best first, headers that are ours to send', () => {
    const found = readStreamlink(
      JSON.stringify({
        plugin: 'p',
        metadata: { title: 'a"; touch x & $(id)' },
        streams: {
          audio_only: stream('hls', 'https://h/a'),
          source: stream('hls', 'https://h/s'),
          '480p': stream('http', 'https://h/480.flv?t=1'),
          other: stream('muxed-stream', 'https://h/m'),
          best: stream('hls', 'https://h/s'),
          worst: stream('hls', 'https://h/a'),
        },
      }),
    );
    expect(found).toMatchObject({
      state: 'live',
      title: 'a"; touch x & $(id)',
      qualities: [
        { name: 'source', kind: 'hls', headers: { 'User-Agent': 'x' } },
        { name: '480p', kind: 'http-flv' },
        { name: 'audio_only', height: 0 },
      ],
    });
    expect(JSON.stringify(found)).not.toMatch(/Accept-Encoding|Bad/);
  });

  it.each([
    ['{"error":"No playable streams found on this URL: https://h"}', 'offline'],
    ['{"error":"No plugin can handle URL: https://h"}', 'unusable'],
    ['{"error":"Unable to open URL: https://h (403 Client Error: Forbidden)"}', 'denied'],
    ['{"error":"Unable to open URL: https://h (timeout)"}', 'unknown'],
    ['{"streams":{}}', 'offline'],
    ['{"streams":{"x":{"type":"muxed-stream"}}}', 'unusable'],
    ['usage: streamlink', 'unknown'],
    ['', 'unknown'],
    ['null', 'unknown'],
  ])('printed %s: %s', (stdout, state) => expect(readStreamlink(stdout).state).toBe(state));
});

describe('yt-dlp', () => {
  const format = (format_id: string, more: object) => ({ format_id, url: `https://h/${format_id}`, ...more });

  it('is read: what has picture and sound together, best first', () => {
    const found = readYtDlp(
      JSON.stringify({
        title: 't',
        is_live: true,
        formats: [
          format('91', { protocol: 'm3u8_native', height: 144, tbr: 100 }),
          format('96', { protocol: 'm3u8_native', height: 1080, tbr: 4_000 }),
          format('137', { protocol: 'https', height: 2_160, vcodec: 'avc1', acodec: 'none' }),
          format('140', { protocol: 'https', vcodec: 'none' }),
          format('flv', { protocol: 'https', ext: 'flv', height: 720 }),
          format('drm', { protocol: 'm3u8_native', height: 4_320, has_drm: true }),
        ],
      }),
      '',
    );
    expect(found.state === 'live' && found.qualities.map(({ name, kind }) => [name, kind])).toEqual([
      ['96', 'hls'],
      ['flv', 'http-flv'],
      ['91', 'hls'],
    ]);
  });

  it.each([
    ['{"is_live":false,"formats":[]}', '', 'offline'],
    ['{"live_status":"is_upcoming"}', '', 'offline'],
    ['null', 'ERROR: [youtube] x: This live event will begin in 3 hours.', 'offline'],
    ['null', 'ERROR: [x] The channel is not currently live', 'offline'],
    ['null', 'ERROR: [youtube] x: Private video. Sign in', 'denied'],
    ['', 'ERROR: Unsupported URL: https://h', 'unusable'],
    ['', 'Traceback', 'unknown'],
    ['[]', '', 'unknown'],
  ])('printed %s and said %s: %s', (stdout, stderr, state) =>
    expect(readYtDlp(stdout, stderr).state).toBe(state),
  );
});
