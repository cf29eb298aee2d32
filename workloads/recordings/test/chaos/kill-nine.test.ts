import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvOrigin } from '../sources/flv-origin.ts';
import { HlsOrigin } from '../sources/hls-origin.ts';
import { makeSample, type Sample } from '../sources/sample.ts';
import { byTake, expectEachPlays, frameMs, spread } from './kept.ts';
import { ShardProcess } from './shard-process.ts';
import { openSource, type WitnessedKind } from './witnessed-source.ts';

/** BACKLOT_CHAOS=full makes as many blows as the product promises to stand; CI makes a few. */
const full = process.env.BACKLOT_CHAOS === 'full';
const kills = full ? 50 : 3;
const allocation = '01900000-0000-7000-8000-000000000001';
/**
 * What a kill may cost, in milliseconds of media: the promise, on a machine that is ours alone. On one that runs other tests
 * too, what has come may wait for a process that is not given its turn (measured: 440 ms at a load of 21 on two cores).
 */
const mostLostMs = full ? 100 : 1_000;
/** SRT holds back what it has received for so long by design, to put it in order: both ends say 120 ms unless told. */
const srtLatencyMs = 120;

let folder: string;
let sample: Sample;
/** Long enough for every number to come once on a connection: a film that begins anew has the same numbers again. */
let long: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-kill-'));
  sample = makeSample(folder, { seconds: 8, gopSeconds: 1, size: '320x180' });
  const other = join(folder, 'long');
  mkdirSync(other);
  long = makeSample(other, { seconds: full ? 600 : 120, gopSeconds: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const rules = (source: Record<string, unknown>) => ({
  channelId: '01900000-0000-7000-8000-000000000009',
  name: 'a"; touch x & $(id) ../..',
  source,
  segmentMs: 2_000,
});
const pictures = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('kill -9 of the recorder', () => {
  it(`loses next to nothing of what had come by HTTP-FLV, ${kills} times, and every segment plays`, async () => {
    const origin = await FlvOrigin.open({ sample });
    const shard = new ShardProcess(join(folder, 'flv'));
    await shard.start();
    await shard.record(allocation, rules({ kind: 'http-flv', url: origin.url }));
    const received: number[][] = [];
    try {
      for (let turn = 0; turn < kills; turn += 1) {
        const seen = origin.viewers.length;
        await expect
          .poll(() => origin.viewers.at(-1)?.sent.length ?? 0, { timeout: 60_000 })
          .toBeGreaterThan(60);
        await sleep(Math.random() * 2_500);
        // What the origin has written to the socket: more than the recorder has read of it, never less.
        const sent = origin.viewers.at(-1)?.sent.slice() ?? [];
        await shard.kill();
        received.push(sent.flatMap(({ packet }) => packet.serial ?? []));
        await shard.start();
        await expect.poll(() => origin.viewers.length, { timeout: 60_000 }).toBeGreaterThan(seen);
      }
      await sleep(1_500);
      await shard.stop();
      const recorded = byTake(shard.segments);
      const kept = new Set(recorded.flat());
      const losses = received.map((came) => {
        expect(
          came.some((n) => kept.has(n)),
          'a connection of which something was kept',
        ).toBe(true);
        return came.filter((n) => !kept.has(n)).length * frameMs;
      });
      console.info(`HTTP-FLV: lost at each kill -9: ${losses.join(', ')} ms; ${spread(losses)}`);
      expect(Math.max(...losses)).toBeLessThanOrEqual(mostLostMs);
      expectEachPlays(folder, shard.segments);
      // One broadcast, whatever happened to its recorder; and nothing is recorded twice inside a take.
      expect(new Set(shard.segments.map(({ meta }) => meta.broadcast)).size).toBe(1);
      for (const take of recorded) expect(new Set(take).size).toBe(take.length);
      // How much is missing at all depends on how fast a process starts here, so it is told and not judged.
      const all = pictures(Math.min(...kept), Math.max(...kept));
      const holes = all.filter((n) => !kept.has(n));
      console.info(`HTTP-FLV: ${holes.length} of ${all.length} pictures missing after ${kills} kills`);
    } finally {
      await shard.kill();
      await origin.close();
    }
  }, 600_000);

  it.each<[WitnessedKind, number]>([
    ['rtmp', mostLostMs],
    ['rtsp', mostLostMs],
    ['srt', mostLostMs + srtLatencyMs],
    ['srt-at-once', mostLostMs],
    ['push', mostLostMs],
  ])(
    `loses next to nothing of what had come by %s, ${kills} times, and every segment plays`,
    async (kind, most) => {
      const source = await openSource(kind, long, folder);
      const shard = new ShardProcess(join(folder, kind), source.env, { host: source.host });
      const takes = () => shard.facts.filter(({ kind: fact }) => fact === 'recordings.take.started').length;
      const received: number[][] = [];
      const waits: number[] = [];
      try {
        await shard.start();
        await shard.record(allocation, rules(source.spec));
        for (let turn = 0; turn <= kills; turn += 1) {
          await expect.poll(takes, { timeout: 60_000, interval: 10 }).toBe(turn + 1);
          const wire = source.witness.wires.findLast(({ heard }) => heard.length > 0);
          waits.push(Date.now() - (wire?.heard[0]?.at ?? 0));
          if (turn === kills) break;
          await sleep(500 + Math.random() * 2_500);
          const came = wire?.heard.map(({ serial }) => serial) ?? [];
          await shard.kill();
          received.push(came);
          await shard.start();
        }
        await sleep(1_500);
        await shard.stop();
        const recorded = byTake(shard.segments);
        expect(recorded).toHaveLength(kills + 1);
        const losses = received.map((came, index) => {
          const kept = new Set(recorded[index]);
          // A camera sends from the middle of a group of pictures: what stands before its next keyframe nobody can show.
          const [first = Number.POSITIVE_INFINITY] = recorded[index] ?? [];
          expect(first).toBeLessThan(Number.POSITIVE_INFINITY);
          return came.filter((n) => n >= first && !kept.has(n)).length * frameMs;
        });
        console.info(`${kind}: lost at each kill -9: ${losses.join(', ')} ms; ${spread(losses)}`);
        console.info(`${kind}: from the first picture on the wire to the take: ${spread(waits)}`);
        expect(Math.max(...losses)).toBeLessThanOrEqual(most);
        expectEachPlays(folder, shard.segments);
        expect(new Set(shard.segments.map(({ meta }) => meta.broadcast)).size).toBe(1);
        for (const take of recorded) expect(new Set(take).size).toBe(take.length);
      } finally {
        await shard.kill();
        await source.close();
      }
    },
    900_000,
  );

  it(`loses nothing by HLS, ${kills} times, and has nothing twice`, async () => {
    const origin = await HlsOrigin.open({ sample: long, folder: join(folder, 'hls-killed'), window: 8 });
    const shard = new ShardProcess(join(folder, 'hls-killed-shard'));
    const fetched = () =>
      origin.asked.filter(({ what, status }) => /^\d+$/.test(what) && status === 200).length;
    try {
      await shard.start();
      await shard.record(allocation, rules({ kind: 'hls', url: origin.url }));
      for (let turn = 0; turn < kills; turn += 1) {
        const before = fetched();
        await expect.poll(fetched, { timeout: 60_000, interval: 5 }).toBeGreaterThan(before);
        // Half of the blows fall right behind a piece, while it is on its way to the disk.
        await sleep(turn % 2 === 0 ? Math.random() * 40 : Math.random() * 2_000);
        await shard.kill();
        await shard.start();
      }
      const last = fetched();
      await expect.poll(fetched, { timeout: 60_000 }).toBeGreaterThan(last + 2);
      await shard.stop();
      const numbers = byTake(shard.segments)
        .flat()
        .sort((a, b) => a - b);
      const [first = 0] = numbers;
      const kept = new Set(numbers);
      const missing = pictures(first, numbers.at(-1) ?? 0).filter((n) => !kept.has(n));
      const twice = numbers.filter((n, index) => n === numbers[index - 1]);
      console.info(
        `HLS: ${missing.length} of ${kept.size} pictures missing, ${twice.length} twice after ${kills} kills`,
      );
      expect(missing).toEqual([]);
      expect(twice).toEqual([]);
      expectEachPlays(folder, shard.segments);
    } finally {
      await shard.kill();
      await origin.close();
    }
  }, 600_000);
});
