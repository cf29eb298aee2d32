import { open } from 'node:fs/promises';
import { TS_PACKET } from '../ts/ts-packet.ts';

/** A frame that says how long it is has at most 64 KiB; with the packets of others between its own, it lies in so much. */
const TAIL = 5_000 * TS_PACKET;
const NULL_PID = 0x1fff;

/**
 * How much of a transport stream that was cut off anywhere is whole: a frame of sound says how long it is, and the beginning of
 * one is nothing that can be heard, only something that decoders complain of. Pictures mostly do not say it; their last one may
 * be whole, so it stays.
 * @returns bytes, whole packets of them
 */
export async function wholeTsBytes(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const end = size - (size % TS_PACKET);
    const tail = Buffer.alloc(Math.min(TAIL, end));
    const from = end - tail.length;
    await file.read(tail, 0, tail.length, from);
    return from + wholeTail(tail);
  } finally {
    await file.close();
  }
}

/** The same of the last packets of a stream. Pure. */
export function wholeTail(packets: Buffer): number {
  /** By PID: where the frame in work begins, and what is missing of it. */
  const frames = new Map<number, { readonly at: number; left: number }>();
  for (let at = 0; at + TS_PACKET <= packets.length; at += TS_PACKET) {
    const second = packets[at + 1] ?? 0;
    const pid = pidAt(packets, at);
    const control = ((packets[at + 3] ?? 0) >> 4) & 3;
    if ((control & 1) === 0) continue;
    const payload = at + 4 + (control & 2 ? 1 + (packets[at + 4] ?? 0) : 0);
    const bytes = Math.max(0, at + TS_PACKET - payload);
    if (second & 0x40) {
      frames.delete(pid);
      const length = pesLength(packets, payload, at + TS_PACKET);
      if (length > 0) frames.set(pid, { at, left: length - bytes });
    } else {
      const frame = frames.get(pid);
      if (frame) frame.left -= bytes;
    }
  }
  const [torn] = [...frames].filter(([, { left }]) => left > 0).sort(([, a], [, b]) => b.at - a.at);
  if (!torn) return packets.length;
  const [pid, { at: begins }] = torn;
  // What another stream has sent behind its beginning is worth more than a decoder's silence.
  for (let at = begins; at + TS_PACKET <= packets.length; at += TS_PACKET) {
    const other = pidAt(packets, at);
    if (other !== pid && other !== NULL_PID) return packets.length;
  }
  return begins;
}

function pidAt(packets: Buffer, at: number): number {
  return (((packets[at + 1] ?? 0) & 0x1f) << 8) | (packets[at + 2] ?? 0);
}

/** Bytes of a frame with its header, as the header says; 0 where it says nothing (ISO/IEC 13818-1, 2.4.3.7). */
function pesLength(packets: Buffer, at: number, end: number): number {
  if (end - at < 6 || packets[at] !== 0 || packets[at + 1] !== 0 || packets[at + 2] !== 1) return 0;
  const length = packets.readUInt16BE(at + 4);
  return length === 0 ? 0 : length + 6;
}
