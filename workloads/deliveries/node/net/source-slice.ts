import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Pace } from '../store/store.ts';

/** Bytes of a read; small enough that a limit of bandwidth is smooth. */
const pieceBytes = 64 * 1024;

export interface Range {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/** The bytes of a range, at the pace that is allowed. What it is destroyed with, it ends with. */
export function paced(path: string, { start, end }: Range, pace: Pace): Readable {
  if (end <= start) return Readable.from([]);
  async function* pieces() {
    const file = createReadStream(path, { start, end: end - 1, highWaterMark: pieceBytes });
    try {
      for await (const piece of file as AsyncIterable<Buffer>) {
        await pace.allow(piece.byteLength);
        pace.signal.throwIfAborted();
        yield piece;
        pace.sent(piece.byteLength);
      }
    } finally {
      file.destroy();
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: pieceBytes });
}

/** MD5 (which S3 answers as the ETag of a part) and SHA-256 (which its signature covers) of a range. Hexadecimal. */
export async function digestsOf(
  path: string,
  { start, end }: Range,
  signal: AbortSignal,
): Promise<{ readonly md5: string; readonly sha256: string }> {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  if (end > start) {
    const file = createReadStream(path, { start, end: end - 1, highWaterMark: 1024 * 1024, signal });
    for await (const piece of file as AsyncIterable<Buffer>) {
      md5.update(piece);
      sha256.update(piece);
    }
  }
  return { md5: md5.digest('hex'), sha256: sha256.digest('hex') };
}
