import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvOrigin } from '../sources/flv-origin.ts';
import { HlsOrigin } from '../sources/hls-origin.ts';
import { makeSample, type Sample } from '../sources/sample.ts';
import { byTake, expectEachPlays, frameMs, spread } from './kept.ts';
import { ShardProcess } from './shard-process.ts';

/** BACKLOT_CHAOS=full drops the source as often, and over as long, as the product promises to stand. */
const full = process.env.BACKLOT_CHAOS === 'full';
const drops = full ? 20 : 5;
/** Between two drops, at least: twenty make ten minutes. */
const liveMs = full ? 26_000 : 1_500;
/** Of a piece of HLS: six are a window of 12 s; where there is less time, of 6 s. */
const segmentMs = full ? 2_000 : 1_000;
const allocation = '01900000-0000-7000-8000-000000000001';

let folder: string;
/** Long enough for every number to come once: an origin of HLS repeats its segments as they are. */
let long: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-interruptions-'));
  const other = join(folder, 'long');
  mkdirSync(other);
  long = makeSample(other, { seconds: 180, gopSeconds: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const rules = (source: Record<string, unknown>) => ({
  channelId: '01900000-0000-7000-8000-000000000009',
  name: 'a"; touch x & $(id) ../..',
  source,
  segmentMs: 2_000,
});

describe('a puller of HLS', () => {
  it.each([
    ['8 s of a window of 12 s loses nothing', 4, 0],
    ['14 s of a window of 12 s loses exactly the segment that expired, and names it', 7, 1],
  ] as const)(
    'that is away for %s',
    async (_, away, expired) => {
      const folderOf = (name: string) => join(folder, `${name}-${away}`);
      const origin = await HlsOrigin.open({
        sample: long,
        folder: folderOf('hls'),
        segmentMs,
        window: 6,
        grace: 0,
      });
      const shard = new ShardProcess(folderOf('hls-shard'));
      const fetched = () =>
        origin.asked.flatMap(({ what, status }) =>
          /^\d+$/.test(what) && status === 200 ? [Number(what)] : [],
        );
      try {
        await shard.start();
        await shard.record(allocation, rules({ kind: 'hls', url: origin.url }));
        // It has begun, and has what there is; then time stands still until it is gone.
        await expect.poll(() => fetched().length, { timeout: 60_000 }).toBeGreaterThan(0);
        await expect.poll(() => origin.newest, { timeout: 60_000 }).toBeGreaterThan(7);
        origin.stopClock();
        const last = origin.newest;
        await expect.poll(() => Math.max(...fetched()), { timeout: 60_000 }).toBe(last);
        // What was answered last is on its way to the disk.
        await sleep(2_000);
        await shard.kill();
        origin.startClock();
        await expect.poll(() => origin.newest, { timeout: 60_000, interval: 20 }).toBe(last + away);
        origin.stopClock();
        await shard.start();
        await expect.poll(() => Math.max(...fetched()), { timeout: 60_000 }).toBe(last + away);
        origin.startClock();
        await expect.poll(() => Math.max(...fetched()), { timeout: 60_000 }).toBeGreaterThan(last + away + 2);
        await shard.stop();
        const perPiece = segmentMs / frameMs;
        const numbers = new Set(byTake(shard.segments).flat());
        const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
        const missing = Array.from({ length: to - from + 1 }, (_, n) => from + n).filter(
          (n) => !numbers.has(n),
        );
        const named = shard.facts.flatMap(({ kind, body }) =>
          kind === 'recordings.gap' && body.what !== undefined ? [String(body.what)] : [],
        );
        console.info(
          `HLS, away for ${away} of 6: ${missing.length} pictures missing, named: ${named.join(' ') || 'none'}`,
        );
        expect(missing).toEqual(
          Array.from({ length: expired * perPiece }, (_, n) => (last + 1) * perPiece + n),
        );
        expect(named).toHaveLength(expired);
        for (const name of named) expect(name).toContain(String(last + 1));
        expectEachPlays(folder, shard.segments);
      } finally {
        await shard.kill();
        await origin.close();
      }
    },
    300_000,
  );
});

describe('a source that drops', () => {
  it(`${drops} times is one broadcast whose holes are the outages`, async () => {
    const quick = makeSample(join(folder), { seconds: 4, gopSeconds: 0.4, size: '160x90' });
    const origin = await FlvOrigin.open({ sample: quick });
    const shard = new ShardProcess(join(folder, 'drops'));
    await shard.start();
    await shard.record(allocation, { ...rules({ kind: 'http-flv', url: origin.url }), segmentMs: 10_000 });
    const outages: number[] = [];
    try {
      const begun = Date.now();
      for (let turn = 0; turn < drops; turn += 1) {
        await expect.poll(() => origin.watching, { timeout: 60_000 }).toBe(1);
        await sleep(liveMs + Math.random() * 500);
        const from = Date.now();
        origin.goOffline();
        await sleep(500 + Math.random() * (full ? 4_500 : 1_000));
        origin.goLive();
        await expect.poll(() => origin.watching, { timeout: 60_000, interval: 10 }).toBe(1);
        outages.push(Date.now() - from);
      }
      await sleep(2_000);
      await shard.stop();
      console.info(`${drops} drops in ${Math.round((Date.now() - begun) / 1_000)} s`);
      expect(new Set(shard.segments.map(({ meta }) => meta.broadcast)).size).toBe(1);
      const numbers = [...new Set(byTake(shard.segments).flat())].sort((a, b) => a - b);
      const holes = numbers.flatMap((n, index) => {
        const step = n - (numbers[index - 1] ?? n - 1) - 1;
        return step > 0 ? [step * frameMs] : [];
      });
      const off = outages.map((outage, index) => Math.round((holes[index] ?? 0) - outage));
      console.info(
        `outages ${outages.join(', ')} ms; holes ${holes.join(', ')} ms; differences ${spread(off)}`,
      );
      expect(holes).toHaveLength(outages.length);
      for (const [index, outage] of outages.entries())
        expect(Math.abs((holes[index] ?? 0) - outage)).toBeLessThanOrEqual(500);
      const told = shard.facts
        .filter(({ kind }) => kind === 'recordings.gap')
        .map(({ body }) => Number(body.ms));
      const sum = (list: readonly number[]) => list.reduce((total, ms) => total + ms, 0);
      expect(told).toHaveLength(outages.length);
      expect(Math.abs(sum(told) - sum(holes))).toBeLessThanOrEqual(500 * outages.length);
      // Of a live that has just begun again there is no group of pictures yet that a viewer could be given whole.
      expectEachPlays(folder, shard.segments, { joinedMidway: true });
    } finally {
      await shard.kill();
      await origin.close();
    }
  }, 900_000);
});
