import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvOrigin } from '../sources/flv-origin.ts';
import { makeSample, type Sample } from '../sources/sample.ts';
import { serialsOf } from './kept.ts';
import { ShardProcess } from './shard-process.ts';

let folder: string;
let sample: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-stopped-'));
  sample = makeSample(folder, { seconds: 60, gopSeconds: 1, size: '160x90' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const channels = 3;
const idOf = (index: number) => `01900000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a shard that stands still', () => {
  // Longer than any of its watchdogs waits for bytes: as a disk does that hangs in a write.
  it('for eight seconds lets go of no source and loses nothing', async () => {
    const origin = await FlvOrigin.open({ sample });
    const shard = new ShardProcess(join(folder, 'shard'));
    const ids = Array.from({ length: channels }, (_, index) => idOf(index));
    try {
      await shard.start();
      for (const [index, id] of ids.entries())
        await shard.record(id, {
          channelId: id,
          source: { kind: 'http-flv', url: `${origin.url}?channel=${index}` },
          segmentMs: 2_000,
        });
      await expect
        .poll(() => origin.viewers.filter(({ sent }) => sent.length > 60).length, { timeout: 60_000 })
        .toBe(channels);
      // What the origin has sent may still wait to be read: a source that has answered is held, too.
      process.kill(shard.pid, 'SIGSTOP');
      await sleep(8_000);
      process.kill(shard.pid, 'SIGCONT');
      const sent = origin.viewers.map((viewer) => viewer.sent.length);
      await expect
        .poll(() => origin.viewers.every((viewer, n) => viewer.sent.length > (sent[n] ?? 0) + 100), {
          timeout: 60_000,
        })
        .toBe(true);
      expect(origin.viewers).toHaveLength(channels);
      await shard.stop();
      expect(shard.facts.filter(({ kind }) => /stall|gap/.test(kind))).toEqual([]);
      for (const [index, id] of ids.entries()) {
        const kept = new Set(shard.segments.filter(({ path }) => path.includes(id)).flatMap(serialsOf));
        const came = origin.viewers
          .filter(({ path }) => path.endsWith(`?channel=${index}`))
          .flatMap((viewer) =>
            viewer.sent.slice(0, sent[index]).flatMap(({ packet }) => packet.serial ?? []),
          );
        expect(came.length).toBeGreaterThan(200);
        expect(came.filter((serial) => !kept.has(serial))).toEqual([]);
      }
    } finally {
      await shard.kill();
      await origin.close();
    }
  }, 180_000);
});
