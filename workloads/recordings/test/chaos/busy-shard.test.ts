import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvOrigin } from '../sources/flv-origin.ts';
import { makeSample, type Sample } from '../sources/sample.ts';
import { expectEachPlays, frameMs, serialsOf, spread } from './kept.ts';
import { ShardProcess } from './shard-process.ts';

const full = process.env.BACKLOT_CHAOS === 'full';
/** Enough that the shard moderates its reads, which a single channel never sees. */
const channels = full ? 50 : 12;
const kills = full ? 20 : 2;
/** The promise holds for each channel of a busy shard; see kill-nine.test.ts for a machine that is not ours alone. */
const mostLostMs = full ? 100 : 1_000;

let folder: string;
let sample: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-busy-'));
  sample = makeSample(folder, { seconds: 8, gopSeconds: 1, size: '160x90' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const idOf = (index: number) => `01900000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('kill -9 of a shard that reads its sources in rounds', () => {
  it(`loses next to nothing of any of ${channels} channels, ${kills} times`, async () => {
    const origin = await FlvOrigin.open({ sample });
    const shard = new ShardProcess(join(folder, 'shard'));
    const newest = (index: number) =>
      origin.viewers.findLast(({ path }) => path.endsWith(`?channel=${index}`));
    const ids = Array.from({ length: channels }, (_, index) => idOf(index));
    const received = ids.map((): number[][] => []);
    try {
      await shard.start();
      for (const [index, id] of ids.entries())
        await shard.record(id, {
          channelId: id,
          source: { kind: 'http-flv', url: `${origin.url}?channel=${index}` },
          segmentMs: 2_000,
        });
      for (let turn = 0; turn < kills; turn += 1) {
        const seen = origin.viewers.length;
        await expect
          .poll(() => ids.every((_, index) => (newest(index)?.sent.length ?? 0) > 60), { timeout: 60_000 })
          .toBe(true);
        // Two seconds tell it that it is busy.
        await sleep(2_500 + Math.random() * 1_000);
        const sent = ids.map((_, index) => newest(index)?.sent.slice() ?? []);
        await shard.kill();
        for (const [index, packets] of sent.entries())
          received[index]?.push(packets.flatMap(({ packet }) => packet.serial ?? []));
        await shard.start();
        await expect
          .poll(() => origin.viewers.length, { timeout: 60_000 })
          .toBeGreaterThanOrEqual(seen + channels);
      }
      await sleep(1_500);
      await shard.stop();
      const losses = ids.flatMap((id, index) => {
        const own = shard.segments.filter(({ path }) => path.includes(id));
        const kept = new Set(own.flatMap(serialsOf));
        return (received[index] ?? []).map((came) => came.filter((n) => !kept.has(n)).length * frameMs);
      });
      console.info(`${channels} channels: lost at each kill -9: ${spread(losses)}`);
      expect(losses).toHaveLength(channels * kills);
      expect(Math.max(...losses)).toBeLessThanOrEqual(mostLostMs);
      expectEachPlays(
        folder,
        shard.segments.filter(({ path }) => path.includes(idOf(0))),
      );
    } finally {
      await shard.kill();
      await origin.close();
    }
  }, 600_000);
});
