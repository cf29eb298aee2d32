import { ProtocolError } from './protocol-error.ts';

/** A whole message of the RTMP chunk stream ("Adobe's Real Time Messaging Protocol" 1.0, 5.3). */
export interface RtmpMessage {
  readonly type: number;
  readonly streamId: number;
  /** Milliseconds, 32 bits. */
  readonly timestamp: number;
  /** The body, with room for an FLV tag's header before it and the tag's size behind it; see `tagOf`. */
  readonly framed: Buffer;
}

/** Bytes before and behind a body, so that media becomes an FLV tag without being copied again. */
export const roomBefore = 11;
export const roomBehind = 4;

export function bodyOf({ framed }: RtmpMessage): Buffer {
  return framed.subarray(roomBefore, framed.length - roomBehind);
}

/** Commands of somebody who has not shown a key yet. */
const maxCommand = 64 * 1024;
/** Far above a keyframe at 100 Mbit/s, far below what hurts. */
const maxMedia = 8 * 1024 * 1024;
const maxChunkStreams = 64;

interface ChunkStream {
  timestamp: number;
  delta: number;
  length: number;
  type: number;
  streamId: number;
  extended: boolean;
  /** The message that is being put together. */
  framed: Buffer | undefined;
  filled: number;
}

/**
 * Takes a chunk stream apart. Bytes come in any slices; bodies are copied once, into their message. It trusts nothing:
 * sizes, numbers of streams and what is held back are bounded, and whatever breaks the rules is a `ProtocolError`.
 */
export class ChunkReader {
  readonly #streams = new Map<number, ChunkStream>();
  readonly #onMessage: (message: RtmpMessage) => void;
  #rest: Buffer = Buffer.alloc(0);
  #chunkSize = 128;
  /** The largest message, and half of all that may be begun and not finished. */
  #maxMessage = maxCommand;
  #pending = 0;
  #held = false;
  /** The chunk whose body is being read, and how much of it is missing. */
  #current: ChunkStream | undefined;
  #missing = 0;

  constructor(onMessage: (message: RtmpMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** Message type 1. @throws ProtocolError when it makes no sense */
  setChunkSize(size: number): void {
    if (size < 1 || size > 0xffffff) throw new ProtocolError('The publisher set a chunk size that is none.');
    this.#chunkSize = size;
  }

  /** Nothing more is read until `release`; what comes is kept. The caller stops the socket meanwhile. */
  hold(): void {
    this.#held = true;
  }
  release(): void {
    this.#held = false;
    this.push(Buffer.alloc(0));
  }

  /** Somebody who may publish sends larger messages than commands. */
  allowMedia(): void {
    this.#maxMessage = maxMedia;
  }

  /** Message type 2: what was begun on a chunk stream is not finished. */
  abort(chunkStream: number): void {
    const stream = this.#streams.get(chunkStream);
    if (stream?.framed) this.#drop(stream);
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = Buffer.alloc(0);
    while (bytes.length > 0) {
      if (this.#held) {
        this.#rest = Buffer.from(bytes);
        return;
      }
      if (!this.#current) {
        const read = this.#readHeader(bytes);
        if (read === 0) {
          // At most 18 bytes of a header, copied so that the socket's buffer is free.
          this.#rest = Buffer.from(bytes);
          return;
        }
        bytes = bytes.subarray(read);
      }
      bytes = bytes.subarray(this.#readBody(bytes));
    }
  }

  /** Bytes of the header, or 0 while it is not all there. */
  #readHeader(bytes: Buffer): number {
    const [first = 0] = bytes;
    let at = 1;
    let id = first & 0x3f;
    if (id === 0) {
      if (bytes.length < 2) return 0;
      id = 64 + (bytes[1] ?? 0);
      at = 2;
    } else if (id === 1) {
      if (bytes.length < 3) return 0;
      id = 64 + (bytes[1] ?? 0) + (bytes[2] ?? 0) * 256;
      at = 3;
    }
    const format = first >> 6;
    const size = [11, 7, 3, 0][format] ?? 0;
    if (bytes.length < at + size) return 0;
    const known = this.#streams.get(id);
    if (!known && format !== 0) {
      // Some publishers begin a stream with format 1, which leaves the message stream out: it is then 0 or 1.
      if (format !== 1) throw new ProtocolError('A chunk goes on with a message that never began.');
    }
    const field = size >= 3 ? bytes.readUIntBE(at, 3) : 0;
    const extended = size >= 3 ? field === 0xffffff : (known?.extended ?? false);
    let headerLength = at + size;
    let value = field;
    if (extended) {
      if (bytes.length < headerLength + 4) return 0;
      const long = bytes.readUInt32BE(headerLength);
      // In chunks of format 3 some encoders leave the extended field out: then these are bytes of the body.
      const isThere = size > 0 || long === known?.delta || long === known?.timestamp;
      if (isThere) headerLength += 4;
      value = long;
    }
    if (!known && this.#streams.size >= maxChunkStreams)
      throw new ProtocolError(`The publisher uses more than ${maxChunkStreams} chunk streams.`);
    const stream = known ?? {
      timestamp: 0,
      delta: 0,
      length: 0,
      type: 0,
      streamId: 0,
      extended: false,
      framed: undefined,
      filled: 0,
    };
    this.#streams.set(id, stream);
    if (stream.framed && format !== 3) this.#drop(stream);
    if (!stream.framed) this.#begin(stream, format, { bytes, at, value, extended });
    this.#current = stream;
    this.#missing = Math.min(this.#chunkSize, stream.length - stream.filled);
    if (stream.length === 0) this.#finish(stream);
    return headerLength;
  }

  #begin(
    stream: ChunkStream,
    format: number,
    { bytes, at, value, extended }: { bytes: Buffer; at: number; value: number; extended: boolean },
  ): void {
    if (format <= 1) {
      stream.length = bytes.readUIntBE(at + 3, 3);
      stream.type = bytes[at + 6] ?? 0;
    }
    if (format === 0) stream.streamId = bytes.readUInt32LE(at + 7);
    if (format < 3) {
      stream.extended = extended;
      stream.delta = value;
    }
    // A message of format 3 behind one of format 0 repeats its field as a delta (5.3.1.2.4).
    stream.timestamp = format === 0 ? value : (stream.timestamp + stream.delta) >>> 0;
    if (stream.length > this.#maxMessage) throw new ProtocolError('A message is larger than is admitted.');
    this.#pending += stream.length;
    if (this.#pending > 2 * this.#maxMessage)
      throw new ProtocolError('The publisher begins more messages than it finishes.');
    stream.framed = Buffer.allocUnsafe(roomBefore + stream.length + roomBehind);
    stream.filled = 0;
  }

  /** Bytes taken. */
  #readBody(bytes: Buffer): number {
    const stream = this.#current;
    if (!stream?.framed) return 0;
    const count = Math.min(this.#missing, bytes.length);
    bytes.copy(stream.framed, roomBefore + stream.filled, 0, count);
    stream.filled += count;
    this.#missing -= count;
    if (this.#missing > 0) return count;
    this.#current = undefined;
    if (stream.filled === stream.length) this.#finish(stream);
    return count;
  }

  #finish(stream: ChunkStream): void {
    const { framed, type, streamId, timestamp } = stream;
    this.#current = undefined;
    if (!framed) return;
    this.#drop(stream);
    this.#onMessage({ type, streamId, timestamp, framed });
  }

  #drop(stream: ChunkStream): void {
    this.#pending -= stream.length;
    stream.framed = undefined;
    stream.filled = 0;
  }
}
