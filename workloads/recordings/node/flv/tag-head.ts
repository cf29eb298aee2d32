/** Kinds of FLV tags that may appear in a stream (Adobe FLV specification 10.1, E.4.1). */
export const flvTagTypes = { audio: 8, video: 9, script: 18 } as const;

/** Bytes of a tag's own header, before its body. */
export const TAG_HEADER = 11;
/** Body bytes that are looked at before a tag is told of: codec fields, and enough to know a frame again. */
export const PEEK = 32;

/** What a body begins with, as far as recording depends on it. */
export type FlvRole =
  /** A frame that can be decoded without any other. */
  | 'key'
  /** A frame that needs others. */
  | 'frame'
  /** The decoder's set-up (AVCDecoderConfigurationRecord, AudioSpecificConfig …). */
  | 'config'
  /** No more frames of this set-up. */
  | 'sequence-end'
  /** Script data, and enhanced metadata. */
  | 'data';

const fourCc = (head: Buffer, at: number): string => head.toString('latin1', at, at + 4);

const soundNames: Readonly<Record<number, string>> = {
  0: 'pcm',
  1: 'adpcm',
  2: 'mp3',
  3: 'pcm',
  10: 'aac',
  11: 'speex',
  14: 'mp3',
};
const pictureNames: Readonly<Record<number, string>> = {
  2: 'h263',
  4: 'vp6',
  7: 'h264',
  12: 'hevc',
  13: 'av1',
};
const fourCcNames: Readonly<Record<string, string>> = {
  avc1: 'h264',
  hvc1: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
  vp08: 'vp8',
  mp4a: 'aac',
  Opus: 'opus',
  '.mp3': 'mp3',
  fLaC: 'flac',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
};

/**
 * The beginning of one tag, read in place. One object is used for all tags of a stream, because a shard sees tens of
 * thousands of them a second: read it in the callback, keep nothing.
 */
export class FlvTagHead {
  type = 0;
  /** Of the body, in bytes. */
  size = 0;
  /** As it stands in the tag: 32 bits, unsigned, milliseconds. */
  timestamp = 0;
  role: FlvRole = 'data';
  /** Says how the body is written, for comparing: `audio:10`, `video:7`, `video:hvc1`. */
  #codecKey = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #peeked = 0;

  /** Reads the header at `at`. @returns false where this can't be a tag. */
  read(buffer: Buffer, at: number): boolean {
    const type = buffer[at] ?? 0;
    if (type !== 8 && type !== 9 && type !== 18) return false;
    // The stream id is always 0 in a file and in HTTP-FLV.
    if (buffer[at + 8] !== 0 || buffer[at + 9] !== 0 || buffer[at + 10] !== 0) return false;
    this.type = type;
    this.size = ((buffer[at + 1] ?? 0) << 16) | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0);
    this.timestamp =
      (((buffer[at + 7] ?? 0) << 24) |
        ((buffer[at + 4] ?? 0) << 16) |
        ((buffer[at + 5] ?? 0) << 8) |
        (buffer[at + 6] ?? 0)) >>>
      0;
    return true;
  }

  /** Reads what the body begins with; `peeked` bytes of it are there. @returns false where no such body can be. */
  readBody(buffer: Buffer, at: number, peeked: number): boolean {
    this.#buffer = buffer;
    this.#at = at;
    this.#peeked = peeked;
    if (this.type === 18) {
      this.role = 'data';
      return true;
    }
    // An empty body is allowed, and nothing.
    if (this.size === 0) {
      this.role = 'data';
      return true;
    }
    const body = at + TAG_HEADER;
    const first = buffer[body] ?? 0;
    return this.type === 9 ? this.#readVideo(first, body) : this.#readAudio(first, body);
  }

  #readVideo(first: number, body: number): boolean {
    const frameType = (first >> 4) & 7;
    if (first & 0x80) {
      // Enhanced RTMP: packet type in the low bits, then a FourCC.
      const packet = first & 15;
      this.#codecKey =
        (this.#buffer.length >= body + 5 && this.size >= 5 ? this.#buffer.readUInt32BE(body + 1) : 0) | 0;
      this.role =
        packet === 0 || packet === 5
          ? 'config'
          : packet === 2
            ? 'sequence-end'
            : packet === 4
              ? 'data'
              : frameType === 1
                ? 'key'
                : 'frame';
      return packet <= 7;
    }
    const codec = first & 15;
    this.#codecKey = codec;
    if (frameType < 1 || frameType > 5 || codec < 2 || codec > 14) return false;
    if (codec === 7 || codec >= 12) {
      const packet = this.#buffer[body + 1] ?? 0;
      if (frameType === 5) this.role = 'data';
      else if (packet === 0) this.role = 'config';
      else if (packet === 2) this.role = 'sequence-end';
      else this.role = frameType === 1 ? 'key' : 'frame';
      return packet <= 2;
    }
    this.role = frameType === 5 ? 'data' : frameType === 1 ? 'key' : 'frame';
    return true;
  }

  #readAudio(first: number, body: number): boolean {
    const format = first >> 4;
    if (format === 9) {
      const packet = first & 15;
      this.#codecKey =
        (this.#buffer.length >= body + 5 && this.size >= 5 ? this.#buffer.readUInt32BE(body + 1) : 0) | 0;
      this.role = packet === 0 || packet === 4 ? 'config' : packet === 2 ? 'sequence-end' : 'frame';
      return packet <= 7;
    }
    this.#codecKey = format;
    this.role = format === 10 && this.#buffer[body + 1] === 0 ? 'config' : 'frame';
    return format !== 12 && format !== 13;
  }

  /** The codec's usual name; its FourCC, or number, where it has none here. */
  codec(): string {
    const key = this.#codecKey;
    if (key > 255 || key < 0) {
      const text = fourCc(this.#buffer, this.#at + TAG_HEADER + 1);
      return fourCcNames[text] ?? text.replace(/[^\w.-]/g, '?');
    }
    return (
      (this.type === 9 ? pictureNames[key] : soundNames[key]) ??
      `${this.type === 9 ? 'video' : 'audio'}-${key}`
    );
  }

  /** Changes with everything that a decoder must know before the first frame. */
  get codecKey(): number {
    return this.#codecKey;
  }

  /** Enhanced RTMP's way of writing, in which the codec is a FourCC. */
  get enhanced(): boolean {
    return this.#codecKey > 255 || this.#codecKey < 0;
  }

  /** Writes another time into the tag, where it lies. Milliseconds; the low 32 bits count. */
  setTimestamp(value: number): void {
    const buffer = this.#buffer;
    const at = this.#at;
    buffer[at + 4] = (value >>> 16) & 255;
    buffer[at + 5] = (value >>> 8) & 255;
    buffer[at + 6] = value & 255;
    buffer[at + 7] = (value >>> 24) & 255;
  }

  /** A number that tells this body from others of the same time: its size and first bytes, mixed (FNV-1a). */
  signature(): number {
    let hash = (0x811c9dc5 ^ this.size) >>> 0;
    const from = this.#at + TAG_HEADER;
    const to = from + this.#peeked;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (this.#buffer[at] ?? 0), 0x01000193);
    return hash >>> 0;
  }

  /** The name of a script tag (`onMetaData`), where its first value is a short text. */
  scriptName(): string {
    const at = this.#at + TAG_HEADER;
    if (this.type !== 18 || this.#buffer[at] !== 2) return '';
    const length = ((this.#buffer[at + 1] ?? 0) << 8) | (this.#buffer[at + 2] ?? 0);
    return this.#buffer.toString('latin1', at + 3, Math.min(at + 3 + length, at + this.#peeked));
  }
}
