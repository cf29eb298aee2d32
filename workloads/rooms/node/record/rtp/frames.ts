import type { OrderedPacket } from './reorder.ts';

/** One picture, or one packet of sound. */
export interface MediaFrame {
  /** RTP time, not yet unwrapped. */
  readonly timestamp: number;
  readonly key: boolean;
  readonly data: Buffer;
  readonly width?: number;
  readonly height?: number;
  /** What a decoder has to know first, when this frame brings it (H.264: `avcC`). */
  readonly codecPrivate?: Buffer;
}

/** What a codec's packets say of themselves. */
export interface PacketPart {
  /** Begins a frame. */
  readonly start: boolean;
  readonly key: boolean;
  readonly data: Buffer;
}

/** Makes frames of a codec's packets. */
export interface Depacketizer {
  /** Takes the next packet in order; gives a frame when it is the last of one. `broken`: a frame could not be put together. */
  take(packet: OrderedPacket): { frame?: MediaFrame; broken?: boolean };
}

/** For codecs whose frame is the bytes of its packets one after another, ended by the marker bit. */
export class PartsDepacketizer implements Depacketizer {
  readonly #read: (payload: Buffer) => PacketPart | undefined;
  readonly #finish: (frame: MediaFrame) => MediaFrame;
  #parts: Buffer[] = [];
  #timestamp = -1;
  #key = false;
  #whole = false;

  constructor(
    read: (payload: Buffer) => PacketPart | undefined,
    finish: (frame: MediaFrame) => MediaFrame = (frame) => frame,
  ) {
    this.#read = read;
    this.#finish = finish;
  }

  take({ payload, timestamp, marker, gap }: OrderedPacket): { frame?: MediaFrame; broken?: boolean } {
    const part = this.#read(payload);
    if (!part) return { broken: true };
    let broken = false;
    if (timestamp !== this.#timestamp) {
      // A frame without its end: its last packet was lost.
      broken = this.#parts.length > 0;
      this.#parts = [];
      this.#timestamp = timestamp;
      this.#whole = part.start;
      this.#key = part.key;
    } else if (gap) this.#whole = false;
    this.#parts.push(part.data);
    if (!marker) return broken || gap ? { broken: true } : {};
    const data = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#timestamp = -1;
    if (!this.#whole) return { broken: true };
    const frame = this.#finish({ timestamp, key: this.#key, data });
    return broken || gap ? { frame, broken: true } : { frame };
  }
}
