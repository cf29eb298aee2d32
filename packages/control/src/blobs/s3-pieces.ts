import { createHash } from 'node:crypto';
import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import type { BlobFacts, PiecedUploads } from './blob-adapter.ts';
import { PartBuffer } from './part-buffer.ts';
import { type LedgerPart, type OpenMultipart, type PartLedger, TAIL } from './part-ledger.ts';
import { RunningDigests } from './running-digest.ts';
import type { S3Objects } from './s3-objects.ts';
import { requireExpected, requireUploadId } from './verify.ts';

export interface S3PiecesOptions {
  readonly objects: S3Objects;
  readonly ledger: PartLedger;
  readonly partSize: number;
  /** Makes checked bytes a blob; `bring` puts them under a key. */
  readonly publish: (found: BlobFacts, bring: (key: string) => Promise<void>) => Promise<void>;
}

type Progress = { readonly multipart: OpenMultipart; readonly parts: readonly LedgerPart[] };

/**
 * Uploads in pieces as multipart uploads. Parts have a least size, pieces don't: what is too little for a part
 * is kept as an object of its own, the tail, and goes into the next part. Our ledger says what is kept, so an
 * upload goes on after a crash, or on another replica.
 */
export function createS3Pieces({ objects, ledger, partSize, publish }: S3PiecesOptions): PiecedUploads {
  const digests = new RunningDigests();

  async function progressOf(id: string): Promise<Progress> {
    const found = await ledger.find(requireUploadId(id));
    if (found === undefined) throw new BacklotError(artifactErrors.upload_gone);
    return found;
  }

  async function writePart(multipart: OpenMultipart, number: number, body: Buffer, signal?: AbortSignal) {
    const etag = await objects.putPart(multipart.key, multipart.uploadId, number, body, signal);
    await ledger.record(multipart.id, { number, size: body.byteLength, etag, sha256: digestOf(body) });
  }

  async function replaceTail(
    multipart: OpenMultipart,
    old: LedgerPart | undefined,
    body: Buffer,
  ): Promise<void> {
    const sha256 = digestOf(body);
    if (body.byteLength > 0) {
      // The name follows the bytes, so that the old tail stays whole until the ledger names the new one.
      await objects.put(tailKey(multipart, sha256), body);
      await ledger.record(multipart.id, { number: TAIL, size: body.byteLength, etag: '', sha256 });
    }
    if (old && old.sha256 !== sha256) await objects.delete(tailKey(multipart, old.sha256));
  }

  async function readTail(multipart: OpenMultipart, tail: LedgerPart | undefined): Promise<Buffer> {
    if (tail === undefined) return Buffer.alloc(0);
    const stream = await objects.get(tailKey(multipart, tail.sha256));
    const body = stream ? Buffer.concat(await stream.toArray()) : undefined;
    if (body === undefined || digestOf(body) !== tail.sha256)
      throw new BacklotError(artifactErrors.upload_gone);
    return body;
  }

  /** The digest of a completed object, by reading it: for uploads that another life of this process began. */
  async function digestOfObject(key: string): Promise<string> {
    const stream = await objects.get(key);
    if (stream === undefined) throw new BacklotError(artifactErrors.upload_gone);
    const hash = createHash('sha256');
    for await (const chunk of stream) hash.update(chunk);
    return hash.digest('hex');
  }

  /** Puts the parts together under the upload's own key; done before is as good. */
  async function assemble({ multipart, parts }: Progress, size: number): Promise<void> {
    const { key, uploadId } = multipart;
    if ((await objects.size(key)) === size && size > 0) return;
    const whole = parts.filter(({ number }) => number !== TAIL);
    const tail = parts.find(({ number }) => number === TAIL);
    if (tail || whole.length === 0) {
      const body = await readTail(multipart, tail);
      const number = whole.length + 1;
      const etag = await objects.putPart(key, uploadId, number, body);
      whole.push({ number, size: body.byteLength, etag, sha256: '' });
    }
    if (!(await objects.completeMultipart(key, uploadId, whole))) {
      throw new BacklotError(artifactErrors.multipart_incomplete, { params: { part: 1 } });
    }
  }

  async function forget({ multipart }: Progress): Promise<void> {
    await objects.abortMultipart(multipart.key, multipart.uploadId);
    // The object itself, its tail, and tails that a crash has left.
    for (const key of await objects.list(multipart.key)) await objects.delete(key);
    digests.forget(multipart.id);
    await ledger.close(multipart.id);
  }

  const pieces: PiecedUploads = {
    async begin(id) {
      if ((await ledger.find(requireUploadId(id))) !== undefined) return;
      const key = `pieces/${id}`;
      await ledger.open({ id, key, uploadId: await objects.beginMultipart(key), partSize });
    },

    async received(id) {
      const found = await ledger.find(requireUploadId(id));
      return found && sizeOf(found.parts);
    },

    async append(id, offset, source, limit, signal) {
      const { multipart, parts } = await progressOf(id);
      const standing = sizeOf(parts);
      if (standing !== offset) {
        throw new BacklotError(artifactErrors.upload_offset_mismatch, {
          params: { expected: standing, found: offset },
        });
      }
      const tail = parts.find(({ number }) => number === TAIL);
      const buffer = new PartBuffer();
      buffer.push(await readTail(multipart, tail));
      let nextPart = parts.length - (tail ? 1 : 0) + 1;
      let at = offset;
      const abort = () => source.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        signal?.throwIfAborted();
        for await (const chunk of source) {
          const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
          if (at + bytes.byteLength - offset > limit) {
            throw new BacklotError(artifactErrors.upload_too_large, {
              params: { size: at + bytes.byteLength, limit: offset + limit },
            });
          }
          digests.feed(id, at, bytes);
          at += bytes.byteLength;
          buffer.push(bytes);
          for (; buffer.size >= multipart.partSize; nextPart += 1) {
            await writePart(multipart, nextPart, buffer.peek(multipart.partSize), signal);
            buffer.drop(multipart.partSize);
          }
        }
        signal?.throwIfAborted();
      } finally {
        signal?.removeEventListener('abort', abort);
        // Also after a failure: what has arrived need not be sent again.
        if (at > offset) await replaceTail(multipart, tail, buffer.peek());
      }
      return at;
    },

    async finish(id, expected, onVerified) {
      const progress = await progressOf(id);
      const { key } = progress.multipart;
      const size = sizeOf(progress.parts);
      await assemble(progress, size);
      const found = { digest: digests.read(id, size) ?? (await digestOfObject(key)), size };
      try {
        requireExpected(found, expected);
      } catch (error) {
        await forget(progress);
        throw error;
      }
      await onVerified?.(found);
      await publish(found, (target) => objects.copy(key, target, size));
      await forget(progress);
      return found;
    },

    async abort(id) {
      const found = await ledger.find(requireUploadId(id));
      if (found) await forget(found);
    },

    stale: (before) => ledger.openedBefore(before),
  };
  return pieces;
}

function sizeOf(parts: readonly LedgerPart[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

function tailKey(multipart: OpenMultipart, sha256: string): string {
  return `${multipart.key}.${sha256.slice(0, 16)}`;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
