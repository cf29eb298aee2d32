import { Bits } from './bits.ts';
import { type MediaFrame, type PacketPart, PartsDepacketizer } from './frames.ts';

/** Reads the payload descriptor of VP9 (RFC 9628, 4.2). */
export function readVp9(payload: Buffer): PacketPart | undefined {
  const first = payload[0];
  if (first === undefined) return undefined;
  const has = (bit: number) => (first & bit) !== 0;
  const [pictureId, predicted, layers, flexible, begins] = [
    has(0x80),
    has(0x40),
    has(0x20),
    has(0x10),
    has(0x08),
  ];
  let at = 1;
  if (pictureId) at += ((payload[at] ?? 0) & 0x80) !== 0 ? 2 : 1;
  let spatial = 0;
  if (layers) {
    spatial = ((payload[at] ?? 0) >> 1) & 7;
    at += flexible ? 1 : 2;
  }
  if (flexible && predicted) {
    // Up to three references; the last bit of each says whether another follows.
    for (let count = 0; count < 3; count += 1) if (((payload[at++] ?? 0) & 1) === 0) break;
  }
  if (has(0x02)) at = skipStructure(payload, at);
  const data = payload.subarray(at);
  if (data.length === 0) return undefined;
  const start = begins && spatial === 0;
  return { start, key: start && !predicted, data };
}

/** The scalability structure (4.2.1): sizes of the layers and a picture group, of no use to a file. */
function skipStructure(payload: Buffer, from: number): number {
  let at = from;
  const first = payload[at++] ?? 0;
  const spatialLayers = (first >> 5) + 1;
  if ((first & 0x10) !== 0) at += spatialLayers * 4;
  if ((first & 0x08) === 0) return at;
  const pictures = payload[at++] ?? 0;
  for (let picture = 0; picture < pictures; picture += 1) at += 1 + (((payload[at] ?? 0) >> 2) & 3);
  return at;
}

/** Size of the picture from a key frame's uncompressed header (VP9 bitstream specification, 6.2). */
export function sizeOfVp9(data: Buffer): { width: number; height: number } | undefined {
  const bits = new Bits(data);
  if (bits.read(2) !== 2) return undefined;
  const profile = bits.read(1) + bits.read(1) * 2;
  if (profile === 3) bits.skip(1);
  // An existing frame is shown again, or it is no key frame.
  if (bits.read(1) === 1 || bits.read(1) === 1) return undefined;
  bits.skip(2);
  if (bits.read(24) !== 0x498342) return undefined;
  if (profile >= 2) bits.skip(1);
  const isRgb = bits.read(3) === 7;
  if (isRgb) bits.skip(profile % 2 === 1 ? 1 : 0);
  else bits.skip(profile % 2 === 1 ? 4 : 1);
  return { width: bits.read(16) + 1, height: bits.read(16) + 1 };
}

export const vp9Depacketizer = () =>
  new PartsDepacketizer(
    readVp9,
    (frame): MediaFrame => (frame.key ? { ...frame, ...sizeOfVp9(frame.data) } : frame),
  );
