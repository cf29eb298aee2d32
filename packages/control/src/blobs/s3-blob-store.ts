import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { newId } from '@backlot/contract/id';
import type { BeforePublish, BlobAdapter, BlobFacts } from './blob-adapter.ts';
import type { PartLedger } from './part-ledger.ts';
import { type S3Location, S3Objects } from './s3-objects.ts';
import { createS3Pieces } from './s3-pieces.ts';
import { requireDigest, requireExpected } from './verify.ts';

export interface S3BlobStoreOptions extends S3Location {
  readonly ledger: PartLedger;
  readonly beforePublish?: BeforePublish;
  /** Bytes of a part. S3 wants at least 5 MiB, and at most 10,000 parts: 8 MiB reach 78 GiB. */
  readonly partSize?: number;
  /** For tests: from which size on an object is copied in parts. */
  readonly largestCopy?: number;
}

const PART_SIZE = 8 * 1024 ** 2;

/** Key of a blob. One level of folders is enough: S3 spreads by the whole key. */
export function blobKey(digest: string): string {
  return `blobs/${requireDigest(digest).slice(0, 2)}/${digest}`;
}

/**
 * Blobs as objects: `blobs/ab/<digest>`, and what is still arriving as a multipart upload to `pieces/<id>`,
 * which is copied to its name inside the store once its digest is checked. Nobody ever finds unchecked bytes
 * under a digest.
 */
export function openS3BlobStore(options: S3BlobStoreOptions): BlobAdapter {
  const objects = new S3Objects(options, options.largestCopy);
  const partSize = options.partSize ?? PART_SIZE;

  async function publish(found: BlobFacts, bring: (key: string) => Promise<void>): Promise<void> {
    await options.beforePublish?.(found);
    const key = blobKey(found.digest);
    if ((await objects.size(key)) !== found.size) await bring(key);
  }

  const pieces = createS3Pieces({ objects, ledger: options.ledger, partSize, publish });

  return {
    name: 's3',
    pieces,

    async put(source, expected, signal) {
      const limit = expected?.size ?? Number.MAX_SAFE_INTEGER;
      const id = newId();
      try {
        const { head, rest } = await takeHead(source, partSize);
        if (rest === undefined) {
          const found = { digest: createHash('sha256').update(head).digest('hex'), size: head.byteLength };
          requireExpected(found, expected);
          await publish(found, (key) => objects.put(key, head, signal));
          return found;
        }
        await pieces.begin(id);
        await pieces.append(id, 0, rest, limit, signal);
        return await pieces.finish(id, expected);
      } catch (error) {
        source.destroy();
        await pieces.abort(id).catch(() => undefined); // the sweep of stale pieces tries again
        throw error;
      }
    },

    async get(digest, range, signal) {
      const stream = await objects.get(blobKey(digest), range, signal);
      if (stream === undefined) throw new BacklotError(artifactErrors.blob_missing, { params: { digest } });
      return stream;
    },

    async stat(digest) {
      const size = await objects.size(blobKey(digest));
      return size === undefined ? undefined : { size };
    },

    delete: (digest) => objects.delete(blobKey(digest)),
    // A bucket has no end that we could know of.
    space: async () => undefined,
    close: async () => objects.close(),
  };
}

/**
 * Reads up to `limit` bytes. When there are more, `rest` is all of them, those already read first: small blobs
 * (most of them) need one request, and no more than one part is ever held in memory.
 */
async function takeHead(source: Readable, limit: number): Promise<{ head: Buffer; rest?: Readable }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator: AsyncIterator<unknown> = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await iterator.next();
    if (next.done) return { head: Buffer.concat(chunks) };
    const bytes = Buffer.isBuffer(next.value) ? next.value : Buffer.from(String(next.value));
    chunks.push(bytes);
    size += bytes.byteLength;
    if (size > limit) break;
  }
  async function* all(): AsyncGenerator<unknown> {
    try {
      yield* chunks;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.alloc(0), rest: Readable.from(all(), { objectMode: false }) };
}
