import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBlobStore } from '@backlot/testkit/blob-store-contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { startTestS3Server } from '@backlot/testkit/s3-server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openFsBlobStore } from './fs-blob-store.ts';
import { createMemoryLedger } from './memory-ledger.ts';
import { PartBuffer } from './part-buffer.ts';
import { createPartLedger } from './part-ledger.ts';
import { RunningDigests } from './running-digest.ts';
import { openS3BlobStore } from './s3-blob-store.ts';
import { copyRanges, S3Objects } from './s3-objects.ts';

describeBlobStore('a folder', 200_000, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'backlot-blobs-'));
  return {
    open: (beforePublish) => openFsBlobStore({ directory, beforePublish }),
    count: async () =>
      (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
        .length,
    close: () => rm(directory, { recursive: true }),
  };
});

for (const [name, makeLedger] of [
  ['an S3 server', (database: TestDatabase) => createPartLedger(database.db)],
  ['an S3 server, its ledger in memory', () => createMemoryLedger()],
] as const) {
  describeBlobStore(name, 5 * 1024 * 1024, async () => {
    const database = await createTestDatabase();
    const server = await startTestS3Server();
    const ledger = makeLedger(database);
    const objects = new S3Objects(server.location);
    return {
      open: async (beforePublish) =>
        openS3BlobStore({
          ...server.location,
          ledger,
          beforePublish,
          partSize: 5 * 1024 * 1024,
          largestCopy: 6 * 1024 * 1024, // so that bigger blobs are copied in parts
        }),
      count: async () =>
        (await objects.list('')).length + (await ledger.openedBefore(new Date('9999-01-01'))).length,
      close: async () => {
        objects.close();
        await server.close();
        await database.close();
      },
    };
  });
}

describe('the S3 blob store', () => {
  it('says that the store is away, and that it is worth trying again', async () => {
    const store = openS3BlobStore({
      endpoint: 'http://127.0.0.1:1',
      bucket: 'films',
      region: 'us-east-1',
      accessKey: 'a',
      secretKey: 'b',
      ledger: createMemoryLedger(),
    });
    await expect(store.stat('0'.repeat(64))).rejects.toMatchObject({
      code: 'blob_store_unavailable',
      kind: { retryable: true },
    });
    await store.close();
  });

  it('copies a big object by ranges that cover every byte once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.integer({ min: 1e9, max: 5e9 }), (size, largest) => {
        let next = 0;
        for (const { start, end } of copyRanges(size, largest)) {
          expect(start).toBe(next);
          expect(end - start + 1).toBeLessThanOrEqual(largest);
          next = end + 1;
        }
        expect(next).toBe(size);
      }),
    );
  });
});

describe('bytes on their way', () => {
  it('come out of the part buffer as they went in, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.integer({ min: 1, max: 16 }),
        (chunks, part) => {
          const buffer = new PartBuffer();
          const out: Buffer[] = [];
          for (const chunk of chunks) {
            buffer.push(Buffer.from(chunk));
            while (buffer.size >= part) {
              const piece = Buffer.from(buffer.peek(part));
              expect(piece).toHaveLength(part);
              buffer.drop(part);
              out.push(piece);
            }
          }
          out.push(Buffer.from(buffer.peek()));
          expect(Buffer.concat(out)).toEqual(Buffer.concat(chunks));
        },
      ),
    );
  });

  it('have a running digest only without a gap', () => {
    const digests = new RunningDigests(2);
    digests.feed('a', 0, Buffer.from('ab'));
    digests.feed('a', 2, Buffer.from('c'));
    expect(digests.read('a', 3)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digests.read('a', 2)).toBeUndefined();
    digests.feed('a', 5, Buffer.from('x'));
    expect(digests.read('a', 3)).toBeUndefined();
    digests.feed('late', 10, Buffer.from('x'));
    expect(digests.read('late', 11)).toBeUndefined();
    for (const id of ['b', 'c', 'd']) digests.feed(id, 0, Buffer.from(id));
    expect(digests.read('b', 1)).toBeUndefined();
    expect(digests.read('d', 1)).toBeDefined();
  });
});
