import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { newId } from '@backlot/contract/id';
import type { BeforePublish, BlobAdapter, BlobFacts, PiecedUploads } from './blob-adapter.ts';
import { RunningDigests } from './running-digest.ts';
import { requireDigest, requireExpected, requireUploadId, toStorageError } from './verify.ts';

export interface FsBlobStoreOptions {
  /** Folder that belongs to the store alone; made when missing. */
  readonly directory: string;
  readonly beforePublish?: BeforePublish;
}

/**
 * Blobs as files: `blobs/ab/cd/<digest>`, and what is still arriving in `pieces/`, on the same file system. A
 * file gets its name by a rename after its bytes are checked and on the disk, so that no reader ever sees a
 * part, and a crash leaves pieces at worst.
 */
export async function openFsBlobStore(options: FsBlobStoreOptions): Promise<BlobAdapter> {
  const blobs = join(options.directory, 'blobs');
  const staging = join(options.directory, 'pieces');
  await mkdir(blobs, { recursive: true, mode: 0o700 });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  const digests = new RunningDigests();

  const pathOf = (digest: string): string => {
    const name = requireDigest(digest);
    return join(blobs, name.slice(0, 2), name.slice(2, 4), name);
  };
  const pieceOf = (id: string): string => join(staging, requireUploadId(id));

  async function space(): Promise<{ used: number; free: number; total: number }> {
    const { blocks, bfree, bavail, bsize } = await statfs(blobs);
    return { used: (blocks - bfree) * bsize, free: bavail * bsize, total: blocks * bsize };
  }

  async function storageError(error: unknown): Promise<unknown> {
    return toStorageError(
      error,
      await space()
        .then(({ free }) => free)
        .catch(() => 0),
    );
  }

  const pieces: PiecedUploads = {
    async begin(id) {
      const handle = await open(pieceOf(id), 'a', 0o600);
      await handle.close();
    },

    async received(id) {
      return (await statOrUndefined(pieceOf(id)))?.size;
    },

    async append(id, offset, source, limit, signal) {
      const handle = await openPiece(pieceOf(id));
      try {
        const { size } = await handle.stat();
        if (size !== offset) {
          throw new BacklotError(artifactErrors.upload_offset_mismatch, {
            params: { expected: size, found: offset },
          });
        }
        const end = await writeAll(handle, source, offset, limit, signal, (bytes, at) =>
          digests.feed(id, at, bytes),
        );
        await handle.datasync();
        return end;
      } catch (error) {
        throw await storageError(error);
      } finally {
        await handle.close();
      }
    },

    async finish(id, expected, onVerified) {
      const piece = pieceOf(id);
      const size = (await statOrUndefined(piece))?.size;
      if (size === undefined) throw new BacklotError(artifactErrors.upload_gone);
      const found: BlobFacts = { digest: digests.read(id, size) ?? (await digestOfFile(piece)), size };
      try {
        requireExpected(found, expected);
      } catch (error) {
        await pieces.abort(id);
        throw error;
      }
      await onVerified?.(found);
      await options.beforePublish?.(found);
      await publish(piece, pathOf(found.digest), size);
      digests.forget(id);
      return found;
    },

    async abort(id) {
      digests.forget(id);
      await rm(pieceOf(id), { force: true });
    },

    async stale(before) {
      const old: string[] = [];
      for (const name of await readdir(staging)) {
        const facts = await statOrUndefined(join(staging, name));
        if (facts && facts.mtime < before) old.push(name);
      }
      return old;
    },
  };

  return {
    name: 'fs',
    pieces,

    async put(source, expected, signal) {
      const id = newId();
      try {
        await pieces.begin(id);
        await pieces.append(id, 0, source, expected?.size ?? Number.MAX_SAFE_INTEGER, signal);
        return await pieces.finish(id, expected);
      } catch (error) {
        source.destroy();
        await pieces.abort(id);
        throw error;
      }
    },

    async get(digest, range, signal) {
      const path = pathOf(digest);
      let handle: FileHandle;
      try {
        handle = await open(path, 'r');
      } catch (cause) {
        throw missing(cause, digest);
      }
      return handle.createReadStream({
        highWaterMark: 256 * 1024,
        ...(range === undefined ? {} : { start: range.start }),
        ...(range?.end === undefined ? {} : { end: range.end }),
        ...(signal === undefined ? {} : { signal }),
      });
    },

    async stat(digest) {
      const facts = await statOrUndefined(pathOf(digest));
      return facts && { size: facts.size };
    },

    async delete(digest) {
      await rm(pathOf(digest), { force: true });
    },

    space,
    close: async () => undefined,
  };
}

/** Moves checked bytes to their place. The name and the bytes are on the disk when it resolves. */
async function publish(piece: string, path: string, size: number): Promise<void> {
  if ((await statOrUndefined(path))?.size === size) {
    await rm(piece, { force: true });
    return;
  }
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const handle = await open(piece, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(piece, path);
  await syncDirectory(directory);
}

/** Makes a rename last: on POSIX systems a directory's entries are on the disk only after its own fsync. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a stream at a place of a file and returns where it ends; what came before a failure stays. */
async function writeAll(
  handle: FileHandle,
  source: Readable,
  offset: number,
  limit: number,
  signal: AbortSignal | undefined,
  passing: (bytes: Buffer, at: number) => void,
): Promise<number> {
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
      for (let written = 0; written < bytes.byteLength; ) {
        const result = await handle.write(bytes, written, bytes.byteLength - written, at + written);
        written += result.bytesWritten;
      }
      passing(bytes, at);
      at += bytes.byteLength;
    }
    signal?.throwIfAborted();
    return at;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function openPiece(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (cause) {
    throw isMissing(cause) ? new BacklotError(artifactErrors.upload_gone, { cause }) : cause;
  }
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  for await (const chunk of handle.createReadStream({ highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

async function statOrUndefined(path: string): Promise<{ size: number; mtime: Date } | undefined> {
  try {
    const { size, mtime } = await stat(path);
    return { size, mtime };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function missing(cause: unknown, digest: string): unknown {
  return isMissing(cause)
    ? new BacklotError(artifactErrors.blob_missing, { params: { digest }, cause })
    : cause;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
