import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { broadcastTransitions, takeTransitions } from '../contract/broadcast.ts';
import { channelStates, channelTransitions } from '../contract/channel.ts';
import { kindOfAddress, SourceSpec, shownAddress } from '../contract/source.ts';
import { belongsTo } from './broadcasts/belongs.ts';
import { apart, lengthOf, merge, remainingHoles, subtract } from './broadcasts/loss.ts';
import { chooseExpired, chooseForRoom, type HeldThere } from './broadcasts/retention.ts';
import { type ChannelSituation, decideChannel } from './channels/decide.ts';
import { deriveChannelState } from './channels/derive-state.ts';
import { completeSource, withoutSecrets } from './channels/source-input.ts';
import { faultOfSchedule, nextWindow } from './channels/view-channel.ts';

const span = fc
  .tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 1, max: 100 }))
  .map(([from, length]) => ({ from, to: from + length }));
const points = (spans: readonly { from: number; to: number }[]) =>
  new Set(spans.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index)));

describe('what is missing of a broadcast', () => {
  it('with one recorder is every hole that it had', () => {
    const holes = new Map([
      [
        'a',
        [
          { from: 10, to: 20 },
          { from: 15, to: 30 },
        ],
      ],
    ]);
    expect(remainingHoles(holes, new Map())).toEqual([{ from: 10, to: 30 }]);
  });

  it('with two is what neither has', () => {
    const holes = new Map([
      ['a', [{ from: 100, to: 200 }]],
      ['b', [{ from: 150, to: 160 }]],
    ]);
    const media = new Map([
      ['a', [{ from: 0, to: 300 }]],
      ['b', [{ from: 0, to: 300 }]],
    ]);
    expect(remainingHoles(holes, media)).toEqual([{ from: 150, to: 160 }]);
  });

  it('is the same point by point, whatever the holes and the media', () => {
    fc.assert(
      fc.property(fc.array(span), fc.array(span), fc.array(span), (holesA, holesB, mediaB) => {
        const left = remainingHoles(
          new Map([
            ['a', holesA],
            ['b', holesB],
          ]),
          new Map([['b', mediaB]]),
        );
        const has = points(mediaB);
        const lacks = points(holesB);
        const wanted = new Set<number>();
        for (const point of points(holesA)) if (!has.has(point) || lacks.has(point)) wanted.add(point);
        // Of b's own holes nobody else has anything: a told no media.
        for (const point of lacks) wanted.add(point);
        expect(points(left)).toEqual(wanted);
        expect(lengthOf(left)).toBe(wanted.size);
      }),
    );
  });

  it('is as long as the holes of a recorder together, wherever its connections have put them', () => {
    fc.assert(
      fc.property(fc.array(span), (holes) => {
        const beside = apart(holes);
        expect(lengthOf(merge(beside))).toBe(lengthOf(holes));
        expect(beside.map(({ from, to }) => to - from)).toEqual(
          holes.toSorted((a, b) => a.from - b.from).map(({ from, to }) => to - from),
        );
        // Only where they overlapped is one moved, and only to the end of the one before.
        for (const [index, { from }] of holes.toSorted((a, b) => a.from - b.from).entries())
          expect(beside[index]?.from).toBe(Math.max(from, beside[index - 1]?.to ?? from));
      }),
    );
  });

  it('is cut and joined without losing or doubling a point', () => {
    fc.assert(
      fc.property(span, fc.array(span), (one, others) => {
        const cut = points(others);
        const left = subtract(one, others);
        expect(points(left)).toEqual(new Set([...points([one])].filter((point) => !cut.has(point))));
        expect(lengthOf(merge(others))).toBe(cut.size);
      }),
    );
  });
});

describe('what a node saw', () => {
  const candidates = [
    { id: 'first', from: 1_000, to: 5_000 },
    { id: 'second', from: 20_000, to: 30_000 },
  ];
  it.each([
    [3_000, 'first'],
    [7_000, 'first'],
    [15_001, 'second'],
    [500, 'first'],
    [50_000, undefined],
  ])('at %d belongs to %s', (wall, id) => {
    expect(belongsTo(wall, 10_000, candidates)).toBe(id);
  });
});

describe('a channel', () => {
  const now = 1_000_000;
  const plain: ChannelSituation = {
    enabled: true,
    removed: false,
    revision: 2,
    job: null,
    failures: 0,
    retryAt: null,
  };
  const job = { revision: 2, state: 'open', since: now - 5_000 } as const;
  it.each([
    ['wants a job when it has none', plain, { do: 'submit' }],
    ['waits after one that failed', { ...plain, retryAt: now + 1 }, { do: 'nothing' }],
    ['that is off wants none', { ...plain, enabled: false }, { do: 'nothing' }],
    ['with its job needs nothing', { ...plain, job }, { do: 'nothing' }],
    ['that was stopped has its job canceled', { ...plain, enabled: false, job }, { do: 'cancel' }],
    ['that was removed as well', { ...plain, enabled: false, removed: true, job }, { do: 'cancel' }],
    ['that was changed has the old one canceled', { ...plain, revision: 3, job }, { do: 'cancel' }],
    [
      'is not canceled twice',
      { ...plain, revision: 3, job: { ...job, state: 'canceling' as const } },
      { do: 'nothing' },
    ],
    [
      'that was changed begins anew at once',
      { ...plain, revision: 3, job: { ...job, state: 'ended' as const } },
      { do: 'forget', failures: 0, retryAt: null },
    ],
    [
      'whose job ended by itself waits, longer each time',
      { ...plain, failures: 3, job: { ...job, state: 'ended' as const } },
      { do: 'forget', failures: 4, retryAt: now + 8_000 },
    ],
    [
      'that has worked for a while does not wait long',
      { ...plain, failures: 9, job: { ...job, since: 0, state: 'ended' as const } },
      { do: 'forget', failures: 1, retryAt: now + 1_000 },
    ],
  ] as const)('%s', (_what, situation, action) => {
    expect(decideChannel(now, situation)).toEqual(action);
  });

  it.each([
    [{ removed: true, enabled: false, task: 'running', source: 'live' }, 'removed'],
    [{ removed: false, enabled: true, task: null, source: null }, 'waiting'],
    [{ removed: false, enabled: true, task: 'queued', source: 'live' }, 'waiting'],
    [{ removed: false, enabled: true, task: 'running', source: null }, 'watching'],
    [{ removed: false, enabled: true, task: 'running', source: 'live' }, 'live'],
    [{ removed: false, enabled: false, task: 'running', source: 'live' }, 'live'],
    [{ removed: false, enabled: false, task: null, source: 'live' }, 'off'],
  ] as const)('in %j is %s', (facts, state) => {
    expect(deriveChannelState(facts)).toBe(state);
  });

  it('can get from every state that it can be in to every other that can follow', () => {
    const tasks = [null, 'queued', 'running', 'succeeded'] as const;
    for (const state of channelStates) {
      for (const next of channelTransitions[state]) expect(channelStates).toContain(next);
    }
    expect(channelTransitions.removed).toEqual([]);
    // What can be derived after `off` without a person: nothing that the table refuses.
    for (const task of tasks) {
      for (const source of [null, 'live', 'offline']) {
        const state = deriveChannelState({ removed: false, enabled: true, task, source });
        if (state === 'waiting') continue;
        expect(channelTransitions.waiting).toContain(state);
      }
    }
    expect(broadcastTransitions.removed).toEqual([]);
    expect(takeTransitions.closed).toEqual([]);
  });
});

describe('retention', () => {
  const day = 86_400_000;
  const now = 100 * day;
  const kept = [
    { id: 'old', endedAt: now - 40 * day, bytes: 10, verified: true },
    { id: 'unsafe', endedAt: now - 39 * day, bytes: 10, verified: false },
    { id: 'middle', endedAt: now - 5 * day, bytes: 10, verified: true },
    { id: 'new', endedAt: now - day, bytes: 10, verified: true },
  ];
  it.each([
    [{ days: 30, onlyVerified: true }, ['old']],
    [{ days: 30, onlyVerified: false }, ['old', 'unsafe']],
    [{ broadcasts: 2, onlyVerified: true }, ['old']],
    [{ broadcasts: 1, onlyVerified: true }, ['old', 'middle']],
    [{ bytes: 1, onlyVerified: false }, ['old', 'unsafe', 'middle']],
    [{ bytes: 25, onlyVerified: false }, ['old', 'unsafe']],
    [{ days: 30, broadcasts: 3, bytes: 1_000, onlyVerified: true }, ['old']],
    [{ onlyVerified: false }, []],
  ])('%j lets go of %j', (retention, gone) => {
    expect(chooseExpired(kept, retention, now)).toEqual(gone);
  });

  it('never lets go of what has no verified copy, where the channel asks for one', () => {
    const one = fc.record({
      id: fc.uuid(),
      endedAt: fc.integer({ min: 0, max: now }),
      bytes: fc.integer({ min: 0, max: 1_000 }),
      verified: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(one),
        fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
        (all, broadcasts, bytes) => {
          const gone = new Set(
            chooseExpired(
              all,
              {
                onlyVerified: true,
                days: 1,
                ...(broadcasts === undefined ? {} : { broadcasts }),
                ...(bytes === undefined ? {} : { bytes }),
              },
              now,
            ),
          );
          for (const kept of all) if (!kept.verified) expect(gone.has(kept.id)).toBe(false);
        },
      ),
    );
  });
});

describe('a node without room', () => {
  const rule = { days: 30, onlyVerified: true };
  const one = (id: string, endedAt: number, more: Partial<HeldThere> = {}): HeldThere => ({
    id,
    endedAt,
    bytes: 100,
    verified: true,
    retention: rule,
    newest: false,
    restored: false,
    held: 100,
    ...more,
  });
  const [first, second, third] = [one('first', 1), one('second', 2), one('third', 3)];
  it.each<[string, HeldThere[], number, string[]]>([
    ['lets go of the oldest, as many as are needed', [third, second, first], 150, ['first', 'second']],
    ['of no more than that', [first, second, third], 100, ['first']],
    ['of nothing, when its trash will do', [first, second], 0, []],
    ['of all that may go, when not even that is enough', [first, second], 1e9, ['first', 'second']],
    ['of none without a verified copy', [one('bare', 1, { verified: false }), second], 1e9, ['second']],
    [
      'not even where the channel asks for no copy',
      [one('bare', 1, { verified: false, retention: { ...rule, onlyVerified: false } })],
      1e9,
      [],
    ],
    ['of none that is kept for ever', [one('kept', 1, { retention: null })], 1e9, []],
    ['of none whose rule says nothing', [one('kept', 1, { retention: { onlyVerified: true } })], 1e9, []],
    ['of no channel’s newest', [one('newest', 1, { newest: true }), second], 1e9, ['second']],
    ['of none that was taken back', [one('back', 1, { restored: true }), second], 1e9, ['second']],
    ['of none that is held elsewhere alone', [one('away', 1, { held: 0 }), second], 1e9, ['second']],
  ])('%s', (_, all, missing, gone) => {
    expect(chooseForRoom(all, missing)).toEqual(gone);
  });
});

describe('an address', () => {
  it.each([
    ['https://a.example/live/x.flv?token=1', 'http-flv'],
    ['http://a.example/live/index.m3u8', 'hls'],
    ['rtmps://a.example/live/key', 'rtmp'],
    ['rtsp://camera.example:554/1', 'rtsp'],
    ['srt://a.example:9000', 'srt'],
    ['https://www.twitch.example/somebody', 'resolver'],
    ['file:///etc/passwd', undefined],
    ['concat:a|b', undefined],
    ['not an address', undefined],
  ])('%s is %s', (url, kind) => {
    expect(kindOfAddress(url)).toBe(kind);
  });

  it('of another protocol than its kind is refused', () => {
    for (const url of ['file:///etc/passwd', 'rtmp://x/y', 'javascript:alert(1)', 'http://', '-i evil']) {
      expect(SourceSpec.safeParse({ kind: 'hls', url }).success, url).toBe(false);
    }
    const headers = { 'X-A': 'a\r\nHost: evil' };
    expect(SourceSpec.safeParse({ kind: 'hls', url: 'http://a.example/x.m3u8', headers }).success).toBe(
      false,
    );
  });

  it('is shown without what lets people in', () => {
    const source = completeSource({ kind: 'auto', url: 'https://user:word@a.example/live/x.flv?token=1' });
    expect(shownAddress(source)).toBe('https://a.example/live/x.flv');
    expect(JSON.stringify(withoutSecrets(source))).not.toMatch(/word|token/);
    const push = completeSource({ kind: 'push' });
    expect(push.kind === 'push' && push.key.length).toBeGreaterThan(20);
    expect(completeSource({ kind: 'push' }, push)).toBe(push);
    expect(JSON.stringify(withoutSecrets(push))).not.toContain(push.kind === 'push' ? push.key : '?');
  });
});

describe('a schedule', () => {
  it('says when its next window opens', () => {
    const schedule = { windows: [{ cron: '0 20 * * 1-5', minutes: 120 }], timeZone: 'Asia/Shanghai' };
    // A Thursday.
    expect(nextWindow(schedule, Date.parse('2026-11-26T10:00:00Z'))).toBe('2026-11-26T12:00:00.000Z');
    expect(nextWindow(null, 0)).toBeNull();
  });

  it('that can’t be read says why', () => {
    expect(faultOfSchedule({ windows: [{ cron: 'nonsense', minutes: 1 }], timeZone: 'UTC' })).toBeTruthy();
    expect(
      faultOfSchedule({ windows: [{ cron: '0 20 * * *', minutes: 1 }], timeZone: 'No/Where' }),
    ).toBeTruthy();
    expect(
      faultOfSchedule({ windows: [{ cron: '0 20 * * *', minutes: 1 }], timeZone: 'UTC' }),
    ).toBeUndefined();
  });
});
