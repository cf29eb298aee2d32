import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileName, nextPieces, type PiecesSoFar } from '../../node/hls/next-pieces.ts';
import { chooseVariant, readPlaylist } from '../../node/hls/playlist.ts';
import { applyRow, emptyLedger } from '../../node/ledger/state.ts';
import { type ChannelRules, newChannel, stepChannel } from '../../node/recorder/channel-machine.ts';
import { reconnectPause } from '../../node/recorder/reconnect.ts';
import { Watchdog } from '../../node/recorder/watchdog.ts';
import { placeBehind, placeRun } from '../../node/time/place-run.ts';
import { WallAnchor } from '../../node/time/wall-anchor.ts';

const rules: ChannelRules = { silenceMs: 600_000, pollMs: 5_000, canLook: true };
const at = (now: number) => ({ now, random: 0.5 });

describe('a channel', () => {
  it('looks, opens, begins a broadcast with the first media, and reconnects at once after a drop', () => {
    let step = stepChannel(
      newChannel,
      { e: 'start', inBroadcast: false, mediaAt: 0, open: true, ...at(0) },
      rules,
    );
    expect(step.effects).toEqual([{ do: 'look' }]);
    step = stepChannel(step.state, { e: 'looked', live: true, ...at(1) }, rules);
    expect(step.effects).toEqual([{ do: 'open', attempt: 0 }]);
    step = stepChannel(step.state, { e: 'opened', ...at(2) }, rules);
    step = stepChannel(step.state, { e: 'media', ...at(3) }, rules);
    expect(step.effects).toEqual([{ do: 'begin-broadcast' }]);
    step = stepChannel(step.state, { e: 'ended', finished: false, mediaAt: 60_000, ...at(60_000) }, rules);
    expect(step.effects).toEqual([{ do: 'close' }, { do: 'wait', ms: 0 }]);
    step = stepChannel(step.state, { e: 'timer', ...at(60_000) }, rules);
    expect(step.effects).toEqual([{ do: 'open', attempt: 1 }]);
  });

  it('waits longer and longer, and ends the broadcast after its silence', () => {
    expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => reconnectPause(attempt, 0.5))).toEqual([
      0, 250, 500, 1_000, 2_000, 2_000, 2_000,
    ]);
    let state = { ...newChannel, phase: 'opening' as const, inBroadcast: true, mediaAt: 0, attempt: 1 };
    let now = 0;
    const ends: string[] = [];
    for (let index = 0; index < 1_000 && ends.length === 0; index++) {
      const failed = stepChannel(state, { e: 'open-failed', ...at(now) }, rules);
      const wait = failed.effects.find((effect) => effect.do === 'wait');
      now += wait?.do === 'wait' ? wait.ms + 1 : 0;
      const next = stepChannel(failed.state, { e: 'timer', ...at(now) }, rules);
      for (const effect of [...failed.effects, ...next.effects])
        if (effect.do === 'end-broadcast') ends.push(effect.why);
      state = next.state as typeof state;
    }
    expect(ends).toEqual(['silence']);
    expect(now).toBeGreaterThanOrEqual(600_000);
    expect(now).toBeLessThan(605_000);
  });

  it('holds while the disk is full, and stays stopped once it was stopped, whatever happens', () => {
    const receiving = { ...newChannel, phase: 'receiving' as const, inBroadcast: true };
    const held = stepChannel(receiving, { e: 'disk', full: true, mediaAt: 5, ...at(6) }, rules);
    expect(held.effects).toEqual([{ do: 'close' }]);
    expect(stepChannel(held.state, { e: 'disk', full: true, mediaAt: 5, ...at(7) }, rules).effects).toEqual(
      [],
    );
    expect(stepChannel(held.state, { e: 'disk', full: false, mediaAt: 0, ...at(8) }, rules).effects).toEqual([
      { do: 'open', attempt: 0 },
    ]);
    const stopped = stepChannel(receiving, { e: 'stop', ...at(9) }, rules).state;
    for (const e of ['timer', 'opened', 'media'] as const)
      expect(stepChannel(stopped, { e, ...at(10) }, rules)).toEqual({ state: stopped, effects: [] });
  });
});

describe('time', () => {
  it('puts a run where it was: by its clock where it is the same, else by wall time', () => {
    const before = { run: 3, endMs: 10_000, anchor: 1_000_000 };
    expect(placeRun(before, { firstMs: 12_500, anchor: 1_000_100 })).toMatchObject({
      run: 3,
      gap: { ms: 2_500 },
    });
    expect(placeRun(before, { firstMs: 9_000, anchor: 999_900 })).toEqual({ run: 3, gap: null });
    expect(placeRun(before, { firstMs: 0, anchor: 1_013_000 })).toMatchObject({
      run: 4,
      gap: { fromWall: 1_010_000, ms: 3_000 },
    });
    expect(placeBehind(before, 2_000)).toMatchObject({
      run: 4,
      gap: { fromWall: 1_010_000, toWall: 1_012_000 },
    });
  });

  it('finds where source time lies although a cache and a slow network make it late', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 50, maxLength: 200 }), (delays) => {
        const anchor = new WallAnchor();
        for (const [index, delay] of delays.entries())
          anchor.observe(5_000_000 + index * 40 + (index === 30 ? 0 : delay), index * 40);
        expect(anchor.value).toBe(5_000_000);
      }),
    );
  });

  it('asks for another connection when nothing comes, media is slow, or keyframes stay away; and for less each time', () => {
    const base = { openedAt: 0, silenceMs: 5_000 };
    const silent = new Watchdog();
    const judged = [1_000, 2_000, 3_000, 4_000, 5_000].map((now) =>
      silent.judge({ ...base, now, bytesAt: 0, newestMs: 1, keyframeAt: 1 }),
    );
    expect(judged).toEqual([undefined, undefined, undefined, undefined, 'silent']);
    const slow = new Watchdog();
    const said: (string | undefined)[] = [];
    for (let now = 0; now < 55_000; now += 1_000)
      said.push(slow.judge({ ...base, now, bytesAt: now, newestMs: now * 0.8, keyframeAt: now }));
    expect(said.filter((stall) => stall === 'slow')).toHaveLength(1);
    const key = new Watchdog();
    const stalls: number[] = [];
    for (let now = 0; now < 40_000; now += 1_000)
      if (key.judge({ ...base, now, bytesAt: now, newestMs: now, keyframeAt: 0 })) stalls.push(now);
    expect(stalls).toEqual([15_000, 30_000]);
  });

  it('holds no time against a source in which the process itself stood still', () => {
    const base = { openedAt: 0, silenceMs: 5_000 };
    const slept = new Watchdog();
    for (let now = 0; now <= 4_000; now += 1_000)
      expect(slept.judge({ ...base, now, bytesAt: now, newestMs: now, keyframeAt: 0 })).toBeUndefined();
    // Twenty seconds later it looks before it has read.
    const after = { ...base, bytesAt: 4_000, newestMs: 4_000, keyframeAt: 0 };
    expect(slept.judge({ ...after, now: 24_000 })).toBeUndefined();
    for (let now = 25_000; now <= 28_000; now += 1_000)
      expect(slept.judge({ ...after, now })).toBeUndefined();
    // What does not come from then on does count.
    expect(slept.judge({ ...after, now: 29_000 })).toBe('silent');
  });
});

describe('HLS', () => {
  const text = (from: number, count: number, more = '') =>
    ['#EXTM3U', '#EXT-X-TARGETDURATION:2', `#EXT-X-MEDIA-SEQUENCE:${from}`, more]
      .concat(Array.from({ length: count }, (_, index) => `#EXTINF:2.0,\n${from + index}.ts`))
      .join('\n');

  it('takes each piece once, names the missing ones, and begins near the live edge', () => {
    const playlist = (from: number, count: number) => {
      const read = readPlaylist(text(from, count));
      if (read?.kind !== 'media') throw new Error('no playlist');
      return read;
    };
    const at = (next: number | undefined) => ({ next });
    expect(nextPieces(playlist(10, 6), at(undefined)).fetch.map(({ sequence }) => sequence)).toEqual([
      13, 14, 15,
    ]);
    expect(nextPieces(playlist(10, 6), at(14)).fetch.map(({ sequence }) => sequence)).toEqual([14, 15]);
    expect(nextPieces(playlist(20, 6), at(16))).toMatchObject({ missed: { from: 16, to: 19, ms: 8_000 } });
    expect(nextPieces(playlist(10, 6), at(17))).toEqual({
      fetch: [],
      missed: undefined,
      restarted: false,
      behind: true,
    });
    expect(nextPieces(playlist(0, 6), at(1_000)).restarted).toBe(true);
  });

  it.each<[string, string, Omit<PiecesSoFar, 'next'>, boolean]>([
    ['an older copy of an edge server', '', {}, false],
    ['a copy that is older for as long as an edge server may be late', '', { behindMs: 6_000 }, false],
    ['one that is older for longer, while pieces are added', '', { behindMs: 6_001 }, true],
    ['a known number with another name', '', { names: new Map([[3, 'other.ts']]) }, true],
    ['a known number with its name', '', { names: new Map([[3, '3.ts']]) }, false],
    [
      'made before',
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-27T10:00:00Z',
      { madeAt: Date.UTC(2026, 10, 27, 11) },
      false,
    ],
    [
      'made later',
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-27T12:00:00Z',
      { madeAt: Date.UTC(2026, 10, 27, 11) },
      true,
    ],
    [
      'made before, however long',
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-27T10:00:00Z',
      { madeAt: Date.UTC(2026, 10, 27, 11), behindMs: 60_000 },
      false,
    ],
  ])('knows a server that counts anew: %s', (_, more, so, anew) => {
    const read = readPlaylist(text(0, 6, more));
    if (read?.kind !== 'media') throw new Error('no playlist');
    const found = nextPieces(read, { next: 25, ...so });
    expect(found.restarted).toBe(anew);
    // What a new count has is all new; of an older copy nothing is.
    expect(found.fetch).toHaveLength(anew ? 6 : 0);
  });

  it('believes no number from which nobody could go on counting, and no hole of years', () => {
    for (const number of ['9007199254740992', '9'.repeat(400), '-5', 'x']) {
      const read = readPlaylist(
        `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:${number}\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts`,
      );
      if (read?.kind !== 'media') throw new Error('no playlist');
      expect(read.segments.map(({ sequence }) => sequence)).toEqual([0, 1]);
    }
    const far = readPlaylist('#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:4000000000\n#EXTINF:2,\na.ts');
    if (far?.kind !== 'media') throw new Error('no playlist');
    expect(nextPieces(far, { next: 5 }).missed?.ms).toBe(86_400_000);
    expect(fileName('https://edge-7.example/t0ken/live/12.ts?sig=x#y')).toBe('12.ts');
  });

  it('believes no length that is none: time limits are made of it', () => {
    const read = readPlaylist(
      '#EXTM3U\n#EXT-X-TARGETDURATION:99999999\n#EXTINF:800000,\na.ts\n#EXTINF:-1,\nb.ts',
    );
    if (read?.kind !== 'media') throw new Error('no playlist');
    expect(read.targetMs).toBe(120_000);
    expect(read.segments.map(({ durationMs }) => durationMs)).toEqual([120_000, 0]);
  });

  it('never throws at what a server sends, and chooses the wanted quality', () => {
    fc.assert(fc.property(fc.string(), (noise) => void readPlaylist(`#EXTM3U\n${noise}`)));
    expect(readPlaylist('<html>')).toBeUndefined();
    const master = readPlaylist(
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=640x360\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=3000,RESOLUTION=1280x720,NAME="hd"\nb.m3u8',
    );
    if (master?.kind !== 'master') throw new Error('no master');
    expect(chooseVariant(master.variants, [])?.uri).toBe('b.m3u8');
    expect(chooseVariant(master.variants, ['360p'])?.uri).toBe('a.m3u8');
    expect(chooseVariant(master.variants, ['hd'])?.uri).toBe('b.m3u8');
    expect(chooseVariant(master.variants, ['4k', 'worst'])?.uri).toBe('a.m3u8');
  });
});

describe('the ledger', () => {
  it('comes to the same when rows are written twice after a full disk', () => {
    const segment = {
      name: 't1-1/s00001.flv',
      container: 'flv' as const,
      broadcast: 'b',
      take: 't',
      takeNumber: 1,
      number: 1,
      part: 1,
      cause: 'start',
      baseMs: 0,
      startsWithKeyframe: true,
      codecs: [],
      width: 0,
      height: 0,
      setup: {},
      wall: 0,
      newClock: true,
    };
    const rows = [
      { t: 'broadcast' as const, id: 'b', wall: 1 },
      { t: 'open' as const, segment },
      { t: 'closed' as const, name: segment.name, output: null, run: null, lossMs: 5, bytes: 10, ms: 20 },
    ];
    const once = rows.reduce(applyRow, emptyLedger);
    expect([...rows, rows[0], rows[2]].flatMap((row) => row ?? []).reduce(applyRow, emptyLedger)).toEqual(
      once,
    );
    expect(once.broadcast).toMatchObject({ lossMs: 5, bytes: 10, partMs: 20, nextSegment: 2 });
  });
});
