import { FlvTagHead, PEEK, TAG_HEADER } from './tag-head.ts';

/** What a reader tells, in the order of the bytes. */
export interface FlvSink {
  /** A tag begins; `head` is only good until this returns, and may be changed (its time) before its bytes are told. */
  tag(head: FlvTagHead): void;
  /** Bytes of the tag in work: header, body and the four bytes of its length behind it. `end` is exclusive. */
  bytes(buffer: Buffer, start: number, end: number): void;
  /** The tag in work is whole. */
  tagEnd(): void;
  /** So many bytes were no tag and are left out. */
  skipped(bytes: number): void;
}

/** The head that must be there in one piece before anything can be said about a tag. */
const LONGEST_HEAD = TAG_HEADER + PEEK;
/** Bytes without a tag after which a stream is no FLV, or not any more. */
const MOST_GARBAGE = 4 * 1024 * 1024;
/** Times that a reader may find its way back before the stream counts as broken. */
const MOST_RESYNCS = 20;

/**
 * Finds the tags of an FLV stream in chunks of any size, without copying bodies: only a head that lies across two
 * chunks is put together. Never throws. Garbage is skipped up to the next thing that can only be a tag; `broken` becomes
 * true when there is too much of it, and then another connection is the better answer.
 */
export class FlvTagReader {
  readonly #sink: FlvSink;
  readonly #head = new FlvTagHead();
  readonly #carry = Buffer.alloc(LONGEST_HEAD);
  #carried = 0;
  /** Bytes of the tag in work that are still to come, with the length behind it. */
  #left = 0;
  #started = false;
  /** Bytes of the file's header that are still to be passed over. */
  #toSkip = 0;
  #lost = false;
  #garbage = 0;
  #resyncs = 0;
  #position = 0;

  constructor(sink: FlvSink) {
    this.#sink = sink;
  }

  /** Too much that is no FLV has come. */
  get broken(): boolean {
    return this.#garbage > MOST_GARBAGE || this.#resyncs > MOST_RESYNCS;
  }

  /** Bytes up to the end of the last whole tag, from the beginning of the stream. */
  get wholeBytes(): number {
    return this.#position - this.#carried - this.#partOfTag;
  }
  #partOfTag = 0;

  push(chunk: Buffer): void {
    let at = 0;
    const end = chunk.length;
    this.#position += end;
    while (at < end) {
      if (this.#left > 0) {
        const take = Math.min(this.#left, end - at);
        this.#sink.bytes(chunk, at, at + take);
        at += take;
        this.#left -= take;
        this.#partOfTag += take;
        if (this.#left === 0) this.#endTag();
        continue;
      }
      if (this.#toSkip > 0) {
        const take = Math.min(this.#toSkip, end - at);
        this.#toSkip -= take;
        at += take;
        continue;
      }
      at = this.#carried > 0 ? this.#fromCarry(chunk, at) : this.#fromChunk(chunk, at);
    }
  }

  /** Reads a head that lies in the chunk. @returns where to go on; the chunk's end where the head is not whole. */
  #fromChunk(chunk: Buffer, at: number): number {
    const need = this.#need(chunk, at, chunk.length - at);
    if (chunk.length - at < need) {
      chunk.copy(this.#carry, 0, at);
      this.#carried = chunk.length - at;
      return chunk.length;
    }
    if (!this.#started) return at + this.#fileHeader(chunk, at);
    if (!this.#accept(chunk, at, need)) return at + this.#skip(1);
    const take = Math.min(this.#left, chunk.length - at);
    this.#sink.bytes(chunk, at, at + take);
    this.#left -= take;
    this.#partOfTag = take;
    if (this.#left === 0) this.#endTag();
    return at + take;
  }

  /** Fills the carried head up from the chunk. @returns where to go on in the chunk. */
  #fromCarry(chunk: Buffer, from: number): number {
    let at = from;
    for (;;) {
      const need = this.#need(this.#carry, 0, this.#carried);
      if (this.#carried >= need) break;
      const take = Math.min(need - this.#carried, chunk.length - at);
      if (take === 0) return at;
      chunk.copy(this.#carry, this.#carried, at, at + take);
      this.#carried += take;
      at += take;
    }
    if (!this.#started) {
      this.#shift(this.#fileHeader(this.#carry, 0));
      return at;
    }
    const need = this.#need(this.#carry, 0, this.#carried);
    if (!this.#accept(this.#carry, 0, need)) {
      this.#shift(this.#skip(1));
      return at;
    }
    // The sink keeps what it is told of until it is written: these few bytes need a place of their own.
    const take = Math.min(this.#left, this.#carried);
    const own = Buffer.from(this.#carry.subarray(0, take));
    this.#sink.bytes(own, 0, take);
    this.#left -= take;
    this.#partOfTag = take;
    this.#shift(take);
    if (this.#left === 0) this.#endTag();
    return at;
  }

  #shift(bytes: number): void {
    this.#carry.copyWithin(0, bytes, this.#carried);
    this.#carried -= bytes;
  }

  /** How many bytes must be there to judge what begins at `at`. */
  #need(buffer: Buffer, at: number, there: number): number {
    if (!this.#started) return 9;
    if (there < TAG_HEADER) return TAG_HEADER;
    const size = ((buffer[at + 1] ?? 0) << 16) | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0);
    return TAG_HEADER + Math.min(size, PEEK);
  }

  /** @returns how many bytes to pass over: the header, or nothing where the stream begins with a tag. */
  #fileHeader(buffer: Buffer, at: number): number {
    this.#started = true;
    if (buffer[at] !== 0x46 || buffer[at + 1] !== 0x4c || buffer[at + 2] !== 0x56) return 0;
    // DataOffset, then the length of the tag before the first, which is 0.
    const offset = buffer.readUInt32BE(at + 5);
    this.#toSkip = (offset >= 9 && offset < 1024 ? offset - 9 : 0) + 4;
    return 9;
  }

  #accept(buffer: Buffer, at: number, need: number): boolean {
    if (!this.#head.read(buffer, at) || !this.#head.readBody(buffer, at, need - TAG_HEADER)) return false;
    // Where the way was lost, only what is certainly a tag counts: an empty one could be anything.
    if (this.#lost && this.#head.size === 0) return false;
    if (this.#lost) this.#resyncs += 1;
    this.#lost = false;
    this.#left = TAG_HEADER + this.#head.size + 4;
    this.#sink.tag(this.#head);
    return true;
  }

  #endTag(): void {
    this.#partOfTag = 0;
    this.#sink.tagEnd();
  }

  #skip(bytes: number): number {
    // A second file header in the middle: a server that began anew on the same connection.
    this.#lost = true;
    this.#garbage += bytes;
    this.#sink.skipped(bytes);
    return bytes;
  }
}
