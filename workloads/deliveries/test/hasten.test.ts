import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { mountSmallDisk } from '@backlot/testkit/small-disk';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDeliveryHouse } from '../testing/delivery-house.ts';
import { quick, type WorkProcess } from '../testing/work-process.ts';
import { MiB, openS3Bench, partSize, type S3Bench, soon } from './s3-bench.ts';

let bench: S3Bench;
let stub: S3Bench['stub'];
let folder: S3Bench['folder'];
let upload: S3Bench['upload'];
beforeEach(async () => {
  bench = await openS3Bench();
  ({ stub, folder, upload } = bench);
});
afterEach(() => bench.close());

/** When each part was first asked for. */
const partsAt = () =>
  stub.requests
    .filter(({ method, url }) => method === 'PUT' && url.includes('partNumber'))
    .map(({ at }) => at);

describe('an upload on a node whose disk is low', { timeout: 120_000 }, () => {
  it('sends three parts at once, and one after the other elsewhere', async () => {
    for (const [disk, together] of [
      ['low', true],
      ['ok', false],
    ] as const) {
      const before = partsAt().length;
      const parts = () => partsAt().slice(before);
      stub.faults.slowMs = together ? 3_000 : 400;
      const { source, request } = await upload(4 * partSize + (together ? 1 : 2));
      const pace = { ...quick, idleMs: 30_000 };
      const process = await folder.start({ ...request, disk, pace });
      if (together) {
        await vi.waitFor(() => expect(parts()).toHaveLength(3), soon);
        // The fourth waits for one of them.
        expect((parts()[2] ?? 0) - (parts()[0] ?? 0)).toBeLessThan(3_000);
        stub.faults.slowMs = 0;
      }
      expect(await process.ended).toMatchObject({ outcome: 'uploaded' });
      const [first = 0, second = 0] = parts();
      if (!together) expect(second - first).toBeGreaterThanOrEqual(400);
      const path = together ? 'in/film.mp4' : 'in/film (2).mp4';
      expect(stub.objects.get(path)?.sha256).toBe(source.sha256);
    }
  });

  it('goes on after a kill with what was noted of parts that came in any order', async () => {
    const { source, request } = await upload(8 * partSize + 3);
    let process: WorkProcess = await folder.start({ ...request, disk: 'low' });
    for (const parts of [2, 5]) {
      await vi.waitFor(() => expect(stub.counts.parts.size).toBeGreaterThanOrEqual(parts), soon);
      await process.kill();
      process = await folder.start({ ...request, disk: 'low' });
    }
    expect(await process.ended).toMatchObject({ outcome: 'uploaded' });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
    expect(stub.uploads.size).toBe(0);
    // At most three parts of each kill went again.
    expect(stub.counts.received).toBeLessThanOrEqual(source.size + 6 * partSize);
  });

  it('keeps to a limit of bandwidth with one part at a time', async () => {
    const { request } = await upload(2 * partSize);
    stub.faults.slowMs = 500;
    const limits = { bytesPerSecond: 40 * MiB, parallel: 1 };
    await folder.run({ ...request, disk: 'full', target: { ...request.target, limits } });
    const [first = 0, second = 0] = partsAt();
    expect(second - first).toBeGreaterThanOrEqual(500);
  });

  it('does not sleep on when it gets low in the middle of a long pause', async () => {
    const { source, request } = await upload(1_000);
    await stub.die();
    // A fiftieth of the real times: pauses to 12 s, and to 1.2 s in haste.
    const pace = { firstMs: 20, lastMs: 600_000, idleMs: 2_000 };
    const process = await folder.start({ ...request, patienceMs: 600_000, pace });
    const next = () =>
      process.words.flatMap((word) =>
        word.t === 'progress' && word.phase === 'waiting' ? Date.parse(word.nextTryAt ?? '') : [],
      );
    await vi.waitFor(() => expect((next().at(-1) ?? 0) - Date.now()).toBeGreaterThan(4_500), soon);
    const until = next().at(-1) ?? 0;
    await stub.revive();
    process.order({ t: 'disk', state: 'low' });
    expect(await process.ended).toMatchObject({ outcome: 'uploaded' });
    expect(Date.now()).toBeLessThan(until);
    expect(next().at(-1)).toBeLessThan(until);
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
  });
});

const small = mountSmallDisk(400);
if ('why' in small) console.log(`Skipped: ${small.why}.`);
afterAll(() => {
  if ('unmount' in small) small.unmount();
});

describe.runIf('folder' in small)('a node whose disk runs low', { timeout: 180_000 }, () => {
  it('tells its uploads, which hasten from then on', async () => {
    if (!('folder' in small)) return;
    const house = await openDeliveryHouse({ nodeDir: join(small.folder, 'node') });
    try {
      await house.target({ name: 'archive', ...bench.target() });
      const artifact = await house.upload(randomBytes(4 * partSize), 'film.mp4');
      const flow = await house.flow('Archive', [
        {
          id: 'upload',
          kind: 'deliveries.upload',
          with: { target: 'archive', path: 'film.mp4' },
          in: { file: 'trigger.file' },
        },
      ]);
      const slowMs = 8_000;
      stub.faults.slowMs = slowMs;
      const run = await house.run(flow, artifact.id);
      await vi.waitFor(() => expect(partsAt()).toHaveLength(1), soon);
      // Between the marks of a disk of 400 MB: 40 and 20 MB.
      await small.fill('somebody', 30 * MiB);
      await vi.waitFor(() => expect(partsAt()).toHaveLength(4), soon);
      const [first = 0, second = 0, , fourth = 0] = partsAt();
      expect(second - first).toBeGreaterThanOrEqual(slowMs);
      expect(fourth - second).toBeLessThan(slowMs);
      stub.faults.slowMs = 0;
      expect((await house.ended(run.id)).state).toBe('succeeded');
    } finally {
      await house.close();
    }
  });
});
