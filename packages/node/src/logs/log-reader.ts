import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogStream, type Segment, segmentName, segmentStart } from './segment-name.ts';

/** What was there of a wanted range. */
export interface LogRange {
  /** Where `bytes` begin. Later than asked for when what was asked for has been dropped. */
  readonly start: number;
  /** Where to go on. */
  readonly end: number;
  readonly bytes: Buffer;
  /** Bytes between the position asked for and `start` that are gone: over the cap, or the disk was full. */
  readonly missing: number;
}

/** The files of a stream, in order. */
export async function readSegments(folder: string, stream: LogStream): Promise<Segment[]> {
  const names = await readdir(folder).catch(() => []);
  const found: Segment[] = [];
  for (const name of names) {
    const start = segmentStart(stream, name);
    if (start === undefined) continue;
    // A segment may be removed by the rotation at any moment; then it just isn't there.
    const facts = await stat(join(folder, name)).catch(() => undefined);
    if (facts) found.push({ name, start, size: facts.size });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Position after the last byte that is there. */
export async function logEnd(folder: string, stream: LogStream): Promise<number> {
  const last = (await readSegments(folder, stream)).at(-1);
  return last ? last.start + last.size : 0;
}

/**
 * Reads at most `limit` bytes from a position on, across files. Bytes on both sides of a gap never come in one range:
 * a range ends before a gap, and the next one starts after it and says how much is missing.
 */
export async function readLog(
  folder: string,
  stream: LogStream,
  from: number,
  limit: number,
): Promise<LogRange> {
  const segments = await readSegments(folder, stream);
  const first = segments.find(({ start, size }) => start + size > from);
  if (!first) return { start: from, end: from, bytes: Buffer.alloc(0), missing: 0 };
  const start = Math.max(from, first.start);
  const chunks: Buffer[] = [];
  let end = start;
  for (const segment of segments.slice(segments.indexOf(first))) {
    if (segment.start > end || end - start >= limit) break;
    const wanted = Math.min(limit - (end - start), segment.start + segment.size - end);
    const bytes = await readPart(
      join(folder, segmentName(stream, segment.start)),
      end - segment.start,
      wanted,
    );
    chunks.push(bytes);
    end += bytes.length;
    if (bytes.length < wanted) break;
  }
  return { start, end, bytes: Buffer.concat(chunks), missing: start - from };
}

/** The last bytes of a stream, not reaching back over a gap. */
export async function readLogTail(folder: string, stream: LogStream, limit: number): Promise<LogRange> {
  const end = await logEnd(folder, stream);
  let range = await readLog(folder, stream, Math.max(0, end - limit), limit);
  // The range ended at a gap: what is wanted lies behind it.
  while (range.end < end && range.bytes.length > 0) range = await readLog(folder, stream, range.end, limit);
  return range;
}

async function readPart(path: string, position: number, length: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const buffer = Buffer.alloc(length);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await file.read(buffer, read, length - read, position + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return buffer.subarray(0, read);
  } catch {
    return Buffer.alloc(0);
  } finally {
    await file?.close();
  }
}
