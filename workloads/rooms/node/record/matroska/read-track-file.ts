import { open, truncate } from 'node:fs/promises';
import { longSize, readHeader } from './ebml.ts';
import { ids } from './elements.ts';

/** What is in a file of ours, found by reading all of its headers. */
export interface TrackFileFacts {
  readonly frames: number;
  readonly keyFrames: number;
  /** Milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Frames whose time is not later than the one before. */
  readonly disordered: number;
  /** The file up to here is whole; what follows was cut off. */
  readonly wholeBytes: number;
  readonly bytes: number;
  /** Where the writer fills in the length, and the segment's size (see `TrackFile`). */
  readonly durationAt: number;
  readonly segmentSizeAt: number;
}

const window = 4 * 1024 * 1024;

/** Reads a file that `TrackFile` has written, finished or not. Throws when it does not begin as one. */
export async function readTrackFile(path: string): Promise<TrackFileFacts> {
  const file = await open(path, 'r');
  try {
    const { size: bytes } = await file.stat();
    const facts = {
      frames: 0,
      keyFrames: 0,
      firstMs: -1,
      lastMs: -1,
      disordered: 0,
      wholeBytes: 0,
      bytes,
      durationAt: 0,
      segmentSizeAt: 0,
    };
    let at = 0;
    for (let first = true; at < bytes; first = false) {
      const head = Buffer.alloc(Math.min(16, bytes - at));
      await file.read(head, 0, head.length, at);
      const header = readHeader(head, 0);
      if (first && header?.id !== ids.ebml) throw new Error('it does not begin as a Matroska file');
      if (!header) break;
      const start = at + header.at;
      // The segment is the frame around all the rest; its own end is the file's.
      if (header.id === ids.segment) {
        facts.segmentSizeAt = start - 8;
        at = start;
        continue;
      }
      if (header.size === null || header.size > window * 4 || start + header.size > bytes) break;
      if (header.id === ids.cluster) {
        const content = Buffer.alloc(header.size);
        await file.read(content, 0, content.length, start);
        if (!readCluster(content, facts)) break;
      }
      at = start + header.size;
      if (header.id === ids.info) facts.durationAt = at - 8;
      facts.wholeBytes = at;
    }
    return facts;
  } finally {
    await file.close();
  }
}

/** Makes a file that was not finished one that is: cuts off what is not whole, and fills in length and size. */
export async function mendTrackFile(path: string): Promise<TrackFileFacts> {
  const facts = await readTrackFile(path);
  const { wholeBytes, bytes, durationAt, segmentSizeAt, lastMs } = facts;
  if (wholeBytes < bytes) await truncate(path, wholeBytes);
  if (durationAt === 0 || segmentSizeAt === 0) return facts;
  const file = await open(path, 'r+');
  try {
    const duration = Buffer.alloc(8);
    duration.writeDoubleBE(Math.max(0, lastMs));
    await file.write(duration, 0, 8, durationAt);
    await file.write(longSize(wholeBytes - segmentSizeAt - 8), 0, 8, segmentSizeAt);
  } finally {
    await file.close();
  }
  return facts;
}

function readCluster(
  content: Buffer,
  facts: { frames: number; keyFrames: number; firstMs: number; lastMs: number; disordered: number },
): boolean {
  let base = 0;
  for (let at = 0; at < content.length; ) {
    const header = readHeader(content, at);
    if (!header || header.size === null || header.at + header.size > content.length) return false;
    if (header.id === ids.timestamp) base = content.readUIntBE(header.at, header.size);
    if (header.id === ids.simpleBlock) {
      const time = base + content.readInt16BE(header.at + 1);
      if (facts.firstMs < 0) facts.firstMs = time;
      if (time <= facts.lastMs) facts.disordered += 1;
      facts.lastMs = time;
      facts.frames += 1;
      if (((content[header.at + 3] ?? 0) & 0x80) !== 0) facts.keyFrames += 1;
    }
    at = header.at + header.size;
  }
  return true;
}
