import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { newId } from '@backlot/contract';
import { afterAll, describe, expect, it } from 'vitest';
import { openFsBlobStore } from './fs-blob-store.ts';

/** A file system of two megabytes; only root can make one, and not in every container. */
function smallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'backlot-small-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
  if (status === 0) return directory;
  rmSync(directory, { recursive: true });
  return undefined;
}

const directory = process.platform === 'linux' && process.getuid?.() === 0 ? smallDisk() : undefined;

afterAll(() => {
  if (directory === undefined) return;
  execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true });
});

describe.runIf(directory !== undefined)('a blob store on a full disk', () => {
  it('says how much is free, keeps what it has, and goes on when there is room again', async () => {
    const folder = directory ?? '';
    const store = await openFsBlobStore({ directory: join(folder, 'store') });
    const ballast = join(folder, 'ballast');
    await writeFile(ballast, randomBytes(1_000_000));
    const small = randomBytes(100_000);
    const kept = await store.put(Readable.from([small], { objectMode: false }));

    const bytes = randomBytes(1_400_000);
    const id = newId();
    await store.pieces.begin(id);
    const chunks = Array.from({ length: 14 }, (_, n) => bytes.subarray(n * 100_000, (n + 1) * 100_000));
    await expect(
      store.pieces.append(id, 0, Readable.from(chunks, { objectMode: false }), bytes.byteLength),
    ).rejects.toMatchObject({ code: 'storage_full', kind: { status: 507, retryable: true } });
    expect(Buffer.concat(await (await store.get(kept.digest)).toArray()).equals(small)).toBe(true);

    await rm(ballast);
    const received = (await store.pieces.received(id)) ?? 0;
    expect(received).toBeGreaterThan(0);
    const rest = Readable.from([bytes.subarray(received)], { objectMode: false });
    await store.pieces.append(id, received, rest, bytes.byteLength - received);
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect(await store.pieces.finish(id, { digest })).toEqual({ digest, size: bytes.byteLength });
  });
});
