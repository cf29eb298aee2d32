import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Pace } from '../store/store.ts';
import type { LeastRate } from './least-rate.ts';

/** Bytes of a read, unless a limit of bandwidth wants smaller ones. */
const usualPieceBytes = 64 * 1024;

export interface Range {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/**
 * The bytes of a range, at the pace that is allowed. What it is destroyed with, it ends with.
 * @param rate runs only while somebody else has the bytes: to wait for a piece, or for leave to send it, is our own doing
 */
export function paced(
  path: string,
  { start, end }: Range,
  pace: Pace,
  rate: Pick<LeastRate, 'add' | 'pause' | 'resume'>,
): Readable {
  if (end <= start) return Readable.from([]);
  const { pieceBytes = usualPieceBytes } = pace;
  async function* pieces() {
    rate.pause();
    const file = createReadStream(path, { start, end: end - 1, highWaterMark: pieceBytes });
    try {
      for await (const piece of file as AsyncIterable<Buffer>) {
        await pace.allow(piece.byteLength);
        pace.signal.throwIfAborted();
        rate.resume();
        yield piece;
        rate.pause();
        rate.add(piece.byteLength);
        pace.sent(piece.byteLength);
      }
    } finally {
      file.destroy();
      // What is still in buffers, and the answer, are the target's again.
      rate.resume();
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: usualPieceBytes });
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
