import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openS3Bench, partSize, type S3Bench, soon } from './s3-bench.ts';

let bench: S3Bench;
let stub: S3Bench['stub'];
let folder: S3Bench['folder'];
let upload: S3Bench['upload'];
beforeEach(async () => {
  bench = await openS3Bench();
  ({ stub, folder, upload } = bench);
});
afterEach(() => bench.close());

describe('what uploads leave at the store', () => {
  /** Other content stands at `film.mp4`, so that this one goes to `film (2).mp4`; cut off when its first part is noted. */
  async function cutOff(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
    await folder.run((await upload(1_000)).request);
    const { source, request } = await upload(4 * partSize);
    stub.faults.slowMs = 100;
    const first = await folder.start(request);
    await vi.waitFor(() => expect(stub.counts.parts.get(2)).toBe(1), soon);
    if (how === 'SIGKILL') await first.kill();
    else first.child.kill('SIGTERM');
    expect(await first.ended).toBeUndefined();
    stub.faults.slowMs = 0;
    expect([...stub.uploads.values()].map(({ key }) => key)).toEqual(['in/film (2).mp4']);
    return { source, request };
  }
  const books = () => readdir(join(folder.keep, 'parts'));

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'is taken back under the name that it has come to, after %s',
    async (how) => {
      const { source, request } = await cutOff(how);
      const abandon = { ...request, work: { do: 'abandon' as const, path: 'film.mp4', source } };
      expect((await folder.run(abandon)).result).toEqual({ outcome: 'abandoned' });
      expect(stub.uploads.size).toBe(0);
      expect(await books()).toEqual([]);
    },
  );

  it('is taken back when its settings have changed in between', async () => {
    const { source, request } = await cutOff();
    const settings = { ...request.target.settings, partSize: 2 * partSize };
    const changed = { ...request, target: { ...request.target, settings } };
    expect((await folder.run(changed)).result).toMatchObject({ outcome: 'uploaded' });
    expect(stub.objects.get('in/film (2).mp4')?.sha256).toBe(source.sha256);
    expect(stub.uploads.size).toBe(0);
  });

  it('is taken back when its name was taken in between, and another one was found', async () => {
    const { request } = await cutOff();
    await folder.run((await upload(2_000, 'film (2).mp4')).request);
    const { result } = await folder.run(request);
    expect(result).toMatchObject({ outcome: 'uploaded', result: { copy: { path: 'film (3).mp4' } } });
    expect(stub.uploads.size).toBe(0);
    expect(await books()).toEqual([]);
  });

  it('is taken back by the next upload to that store, once nobody has gone on with it for a week', async () => {
    await cutOff();
    const [book = ''] = await books();
    const other = await upload(3_000, 'other.mp4');
    const age = async (days: number) => {
      const at = Date.now() / 1_000 - days * 86_400;
      await utimes(join(folder.keep, 'parts', book), at, at);
    };
    await age(6);
    await folder.run(other.request);
    expect(stub.uploads.size).toBe(1);
    await age(8);
    const elsewhere = { ...other.request.target.settings, bucket: 'elsewhere' };
    await folder.run({
      ...other.request,
      patienceMs: 0,
      target: { ...other.request.target, settings: elsewhere },
    });
    expect(stub.uploads.size).toBe(1);
    await folder.run(other.request);
    expect(stub.uploads.size).toBe(0);
    expect(await books()).toEqual([]);
  });

  it('stays while somebody still wants it, however long the target is away', async () => {
    const { request } = await cutOff();
    const [book = ''] = await books();
    const path = join(folder.keep, 'parts', book);
    const old = Date.now() / 1_000 - 9 * 86_400;
    await utimes(path, old, old);
    stub.faults.unavailable = 1_000;
    await folder.run({ ...request, patienceMs: 0 });
    stub.faults.unavailable = 0;
    await folder.run((await upload(3_000, 'other.mp4')).request);
    expect(stub.uploads.size).toBe(1);
    expect((await folder.run(request)).result).toMatchObject({ outcome: 'uploaded' });
    expect(stub.counts.parts.get(1)).toBe(1);
  });
});
