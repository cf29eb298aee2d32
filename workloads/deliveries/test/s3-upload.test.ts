import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MiB, openS3Bench, partSize, type S3Bench, soon } from './s3-bench.ts';

let bench: S3Bench;
let stub: S3Bench['stub'];
let folder: S3Bench['folder'];
let target: S3Bench['target'];
let upload: S3Bench['upload'];
beforeEach(async () => {
  bench = await openS3Bench();
  ({ stub, folder, target, upload } = bench);
});
afterEach(() => bench.close());

describe('an upload to S3', () => {
  it('brings small, large and empty files there whole, with what they are noted beside them', async () => {
    for (const bytes of [0, 1_000, partSize, 2 * partSize + 7]) {
      const { source, request } = await upload(bytes, `film-${bytes}.mp4`);
      const { result } = await folder.run(request);
      expect(result).toMatchObject({
        outcome: 'uploaded',
        result: {
          copy: { path: `film-${bytes}.mp4`, size: bytes, sha256: source.sha256, how: 'sent' },
          retries: 0,
        },
      });
      expect(stub.objects.get(`in/film-${bytes}.mp4`)).toMatchObject({
        size: bytes,
        sha256: source.sha256,
        meta: { sha256: source.sha256 },
      });
    }
    expect(stub.uploads.size).toBe(0);
  });

  it('sends nothing when the same content stands there, and finds another name for other content', async () => {
    const first = await upload(1_000, 'a/b.mp4');
    await folder.run(first.request);
    const before = stub.counts.received;
    expect(await folder.run(first.request)).toMatchObject({
      result: { outcome: 'uploaded', result: { copy: { path: 'a/b.mp4', how: 'found' } } },
    });
    expect(stub.counts.received).toBe(before);
    const other = await upload(1_001, 'a/b.mp4');
    expect(await folder.run(other.request)).toMatchObject({
      result: { outcome: 'uploaded', result: { copy: { path: 'a/b (2).mp4', how: 'sent' } } },
    });
    const strict = await upload(1_002, 'a/b.mp4', { onOther: 'fail' });
    expect(await folder.run(strict.request)).toMatchObject({
      result: { outcome: 'failed', why: 'name-taken', path: 'a/b.mp4' },
    });
    expect(stub.objects.get('in/a/b.mp4')?.sha256).toBe(first.source.sha256);
  });

  it('sends a part again whose tag is wrong, one that was cut off, and goes on through 503s', async () => {
    stub.faults.wrongTags = 1;
    stub.faults.unavailable = 3;
    const { source, request } = await upload(3 * partSize);
    const process = await folder.start(request);
    await vi.waitFor(() => expect(stub.counts.parts.get(1) ?? 0).toBeGreaterThan(0), soon);
    stub.faults.cutAfter = 1 * MiB;
    const result = await process.ended;
    expect(result).toMatchObject({ outcome: 'uploaded' });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
    expect(stub.counts.received).toBeLessThanOrEqual(source.size + partSize + 2 * MiB);
  });

  it('sends again what the store had stored damaged, found out at the latest when it is put together', async () => {
    stub.faults.damaged = 1;
    const { source, request } = await upload(3 * partSize);
    expect(await folder.run(request)).toMatchObject({ result: { outcome: 'uploaded' } });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
  });

  it('takes tags that are never a digest as what they are', async () => {
    stub.faults.wrongTags = 1_000;
    const { source, request } = await upload(1_000);
    expect(await folder.run(request)).toMatchObject({ result: { outcome: 'uploaded' } });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
  });

  it('works with a store that has neither lists nor conditions', async () => {
    stub.faults.noLists = true;
    stub.faults.noConditions = true;
    const { source, request } = await upload(2 * partSize + 1);
    expect(await folder.run(request)).toMatchObject({ result: { outcome: 'uploaded' } });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
  });

  it('gives a silent connection up and tries again', async () => {
    stub.faults.silent = 1;
    const { request } = await upload(1_000);
    const { result } = await folder.run({ ...request, pace: { firstMs: 10, lastMs: 50, idleMs: 400 } });
    expect(result).toMatchObject({ outcome: 'uploaded', result: { retries: 1 } });
  });

  it('goes on where a killed process was, on another node by what the store lists', async () => {
    const { source, request } = await upload(4 * partSize);
    stub.faults.slowMs = 100;
    const first = await folder.start(request);
    await vi.waitFor(() => expect(stub.counts.parts.get(2)).toBe(1), soon);
    await first.kill();
    stub.faults.slowMs = 0;
    const elsewhere = { ...request, means: { ...request.means, keep: join(folder.root, 'other-node') } };
    expect(await folder.run(elsewhere)).toMatchObject({ result: { outcome: 'uploaded' } });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
    expect(stub.counts.parts.get(1)).toBe(1);
    expect(stub.counts.parts.get(2)).toBe(1);
    expect(stub.counts.received).toBeLessThanOrEqual(source.size + partSize);
  });

  it('is taken back whole when nobody wants it any more', async () => {
    const { source, request } = await upload(4 * partSize);
    stub.faults.slowMs = 100;
    const first = await folder.start(request);
    await vi.waitFor(() => expect(stub.counts.parts.get(1)).toBe(1), soon);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBeUndefined();
    expect(stub.uploads.size).toBe(1);
    const taken = await folder.run({ ...request, work: { do: 'abandon', path: 'film.mp4', source } });
    expect(taken.result).toEqual({ outcome: 'abandoned' });
    expect(stub.uploads.size).toBe(0);
    expect(stub.counts.aborted).toBe(1);
  });

  it('says once that the target is away, and once that it is back', async () => {
    const { source, request } = await upload(2 * partSize);
    await stub.die();
    const process = await folder.start({ ...request, alarmMs: 150 });
    await vi.waitFor(
      () => expect(process.words.filter(({ t }) => t === 'unreachable')).toHaveLength(1),
      soon,
    );
    await vi.waitFor(() => {
      const retries = process.words.map((word) => (word.t === 'progress' ? word.retries : 0));
      expect(Math.max(...retries)).toBeGreaterThan(6);
    }, soon);
    await stub.revive();
    expect(await process.ended).toMatchObject({ outcome: 'uploaded' });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
    expect(process.words.flatMap(({ t }) => (t === 'progress' ? [] : [t]))).toEqual([
      'unreachable',
      'reachable',
    ]);
    const waits = process.words.filter((word) => word.t === 'progress' && word.phase === 'waiting');
    expect(waits[0]).toMatchObject({
      nextTryAt: expect.any(String),
      fault: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('ends with a refusal that a person has to look at, without a word of the secrets', async () => {
    stub.faults.refuse = `AccessDenied`;
    const { request } = await upload(1_000);
    const { result, words } = await folder.run(request);
    expect(result).toMatchObject({ outcome: 'failed', why: 'refused' });
    expect(words).toContainEqual(expect.objectContaining({ t: 'unreachable', why: 'refused' }));
    expect(JSON.stringify([result, words])).not.toContain(stub.secretKey);
  });

  it('keeps to the bandwidth that it is allowed', async () => {
    const { request } = await upload(600_000);
    const limits = { bytesPerSecond: 600_000, parallel: 2 };
    const began = performance.now();
    await folder.run({ ...request, target: { ...request.target, limits } });
    // Half of the target's, for two at once; a quarter of a second's worth goes in the beginning.
    expect(performance.now() - began).toBeGreaterThan(1_600);
  });
});

describe('a copy', () => {
  it('counts only when all of its bytes come back as they were', async () => {
    const { source, request } = await upload(2 * partSize + 3);
    await folder.run(request);
    const verify = {
      ...request,
      work: {
        do: 'verify' as const,
        path: 'film.mp4',
        method: 'auto' as const,
        size: source.size,
        sha256: source.sha256,
      },
    };
    expect(await folder.run(verify)).toMatchObject({
      result: {
        outcome: 'verified',
        result: { verification: { method: 'read-back', sha256: source.sha256 } },
      },
    });
    const object = stub.objects.get('in/film.mp4');
    const [first] = object?.bytes ?? [];
    first?.writeUInt8(first.readUInt8(100) ^ 1, 100);
    expect(await folder.run(verify)).toMatchObject({ result: { outcome: 'failed', why: 'copy-differs' } });
    const missing = { ...verify, work: { ...verify.work, path: 'other.mp4' } };
    expect(await folder.run(missing)).toMatchObject({ result: { outcome: 'failed', why: 'copy-missing' } });
  });

  it('is tried with a small file, which is gone afterwards', async () => {
    const request = folder.request(target(), { do: 'test' });
    expect(await folder.run(request)).toMatchObject({ result: { outcome: 'tested', size: 1_024 } });
    expect(stub.objects.size).toBe(0);
  });
});
