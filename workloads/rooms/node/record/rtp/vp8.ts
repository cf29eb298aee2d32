import { type MediaFrame, type PacketPart, PartsDepacketizer } from './frames.ts';

/** Reads the payload descriptor of VP8 (RFC 7741, 4.2). */
export function readVp8(payload: Buffer): PacketPart | undefined {
  const first = payload[0];
  if (first === undefined) return undefined;
  let at = 1;
  if ((first & 0x80) !== 0) {
    const extension = payload[at++] ?? 0;
    // The picture id has one byte, or two when its first bit is set.
    if ((extension & 0x80) !== 0) at += ((payload[at] ?? 0) & 0x80) !== 0 ? 2 : 1;
    if ((extension & 0x40) !== 0) at += 1;
    if ((extension & 0x30) !== 0) at += 1;
  }
  const data = payload.subarray(at);
  if (data.length === 0) return undefined;
  const start = (first & 0x10) !== 0 && (first & 0x07) === 0;
  return { start, key: start && ((data[0] ?? 1) & 1) === 0, data };
}

/** Size of the picture, which a key frame says (RFC 6386, 9.1). */
export function sizeOfVp8(data: Buffer): { width: number; height: number } | undefined {
  if (data.length < 10 || data.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
}

export const vp8Depacketizer = () =>
  new PartsDepacketizer(
    readVp8,
    (frame): MediaFrame => (frame.key ? { ...frame, ...sizeOfVp8(frame.data) } : frame),
  );
