import { createHash } from 'node:crypto';

/** A tag of an FLV file, as a test sees it. This reader is the tests' own, so that it does not repeat a fault of the product's. */
export interface TestTag {
  /** 8 audio, 9 video, 18 script. */
  readonly type: number;
  /** Milliseconds, all 32 bits of it. */
  readonly timestamp: number;
  readonly body: Buffer;
}

/** What makes two tags the same tag: type, source timestamp and content. */
export function identityOf({ type, timestamp, body }: TestTag): string {
  return `${type}:${timestamp}:${createHash('sha1').update(body).digest('base64url')}`;
}

/** File header and the first "previous tag size" (FLV 10.1, E.2): audio and video. */
export const flvHeader: Buffer = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);

/** A tag with the size that follows it. */
export function writeTag({ type, timestamp, body }: TestTag): Buffer {
  const out = Buffer.alloc(11 + body.length + 4);
  out[0] = type;
  out.writeUIntBE(body.length, 1, 3);
  const time = timestamp >>> 0;
  out.writeUIntBE(time & 0xffffff, 4, 3);
  out[7] = time >>> 24;
  body.copy(out, 11);
  out.writeUInt32BE(11 + body.length, 11 + body.length);
  return out;
}

/**
 * All whole tags of a file; `rest` says how many bytes of a torn one follow.
 * @throws when it is no FLV, or a size behind a tag does not fit it
 */
export function readTags(file: Buffer): { tags: TestTag[]; rest: number } {
  if (file.length === 0) return { tags: [], rest: 0 };
  if (file.toString('latin1', 0, 3) !== 'FLV') throw new Error('This is no FLV file.');
  const tags: TestTag[] = [];
  let at = 13;
  while (at + 11 <= file.length) {
    const size = file.readUIntBE(at + 1, 3);
    const end = at + 11 + size;
    if (end + 4 > file.length) break;
    if (file.readUInt32BE(end) !== 11 + size) throw new Error(`The size behind the tag at ${at} is wrong.`);
    const timestamp = ((file[at + 7] ?? 0) * 2 ** 24 + file.readUIntBE(at + 4, 3)) >>> 0;
    tags.push({ type: (file[at] ?? 0) & 0x1f, timestamp, body: file.subarray(at + 11, end) });
    at = end + 4;
  }
  return { tags, rest: Math.max(0, file.length - at) };
}

/** AVC: frame type 1 and a picture, or the enhanced header's keyframe with coded frames. */
export function isKeyframe({ type, body }: TestTag): boolean {
  return type === 9 && ((body[0] ?? 0) & 0x70) >> 4 === 1 && !isConfiguration({ type, timestamp: 0, body });
}

/** A decoder's configuration (AVC or AAC sequence header) or the script with the file's facts. */
export function isConfiguration({ type, body }: TestTag): boolean {
  if (type === 18) return true;
  if (type === 9) {
    const first = body[0] ?? 0;
    if (first & 0x80) return (first & 0x0f) === 0;
    return (first & 0x0f) === 7 && body[1] === 0;
  }
  return type === 8 && (body[0] ?? 0) >> 4 === 10 && body[1] === 0;
}
