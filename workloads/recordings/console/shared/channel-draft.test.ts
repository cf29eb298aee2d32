import { describe, expect, it } from 'vitest';
import { ChannelCreate, ChannelSettings } from '../../contract/channel.ts';
import { type ChannelDraft, draftOf, emptyDraft, kindOfDraft, settingsOf } from './channel-draft.ts';

const draft = (more: Partial<ChannelDraft>): ChannelDraft => ({ ...emptyDraft('Asia/Shanghai'), ...more });
const projectId = '01a00000-0000-7000-8000-000000000000';
const created = (one: ChannelDraft) => {
  const answer = settingsOf(one);
  return 'settings' in answer ? ChannelCreate.parse({ projectId, ...answer.settings }) : answer.missing;
};

describe('the form of a channel', () => {
  it.each([
    ['https://edge.example/live/7.flv', 'http-flv'],
    ['https://edge.example/live/7.m3u8?token=a', 'hls'],
    ['rtmp://edge.example/live/7', 'rtmp'],
    ['rtsps://camera.example/1', 'rtsp'],
    ['srt://edge.example:9000', 'srt'],
    ['https://live.example/room/7', 'resolver'],
    ['file:///etc/passwd', undefined],
    ['seven', undefined],
  ])('takes %s for %s', (url, kind) => expect(kindOfDraft(draft({ url }))).toBe(kind));

  it('says what is missing instead of asking the server', () => {
    expect(created(draft({ url: 'seven' }))).toEqual(['name', 'url']);
    expect(created(draft({ from: 'push' }))).toEqual(['name']);
  });

  it('makes what the API takes', () => {
    expect(
      created(
        draft({
          name: ' News ',
          url: 'https://live.example/room/7',
          resolver: 'yt-dlp',
          windows: [{ cron: '0 20 * * 1-5', minutes: 120 }],
          cutMinutes: 60,
          keepDays: 30,
          keepGib: 1.5,
        }),
      ),
    ).toMatchObject({
      name: 'News',
      source: { kind: 'resolver', resolver: 'yt-dlp', url: 'https://live.example/room/7' },
      schedule: { windows: [{ cron: '0 20 * * 1-5', minutes: 120 }], timeZone: 'Asia/Shanghai' },
      cut: { everyMs: 3_600_000 },
      retention: { days: 30, bytes: 1.5 * 1024 ** 3, onlyVerified: true },
      enabled: true,
    });
    expect(created(draft({ name: 'Push', from: 'push' }))).toMatchObject({ source: { kind: 'push' } });
  });

  it('changes nothing of a channel whose form was only looked at', () => {
    const settings = ChannelSettings.parse({
      name: 'Seven',
      source: { kind: 'http-flv', url: 'http://a.example/7.flv', headers: { Referer: 'http://a.example' } },
      schedule: { windows: [{ cron: '0 8 * * *', minutes: 60 }], timeZone: 'UTC' },
      cut: { bytes: 2 * 1024 ** 3, onTitle: true },
      flow: { flowId: projectId, versionId: projectId },
      retention: { broadcasts: 10, onlyVerified: false },
      silenceMs: 90_000,
      pool: 'archive',
    });
    const answer = settingsOf(draftOf(settings, 'UTC'), settings);
    const { segmentMs: _length, labels: _labels, ...shown } = settings;
    expect('settings' in answer && answer.settings).toEqual(shown);
    const push = ChannelSettings.parse({ name: 'P', source: { kind: 'push', key: 'a-secret-of-sixteen' } });
    expect(settingsOf(draftOf(push, 'UTC'), push)).toMatchObject({ settings: { source: push.source } });
  });
});
