import { Bits } from './bits.ts';
import type { Depacketizer, MediaFrame } from './frames.ts';
import type { OrderedPacket } from './reorder.ts';

const nal = { idr: 5, sps: 7, pps: 8, stapA: 24, fuA: 28 } as const;

/** Makes frames of H.264 packets (RFC 6184): single units, STAP-A and FU-A, which is what browsers send. */
export class H264Depacketizer implements Depacketizer {
  #units: Buffer[] = [];
  #fragment: Buffer[] | undefined;
  #timestamp = -1;
  #whole = true;

  take({ payload, timestamp, marker, gap }: OrderedPacket): { frame?: MediaFrame; broken?: boolean } {
    let broken = gap;
    if (timestamp !== this.#timestamp) {
      broken ||= this.#units.length > 0 || this.#fragment !== undefined;
      this.#units = [];
      this.#fragment = undefined;
      this.#timestamp = timestamp;
      // A packet that is missing before the first of a frame may have been its first.
      this.#whole = !gap;
    } else if (gap) this.#whole = false;
    if (!this.#add(payload)) this.#whole = false;
    if (!marker) return broken ? { broken } : {};
    const units = this.#units;
    const whole = this.#whole && this.#fragment === undefined && units.length > 0;
    this.#units = [];
    this.#fragment = undefined;
    this.#timestamp = -1;
    if (!whole) return { broken: true };
    const frame = frameOf(units, timestamp);
    return broken ? { frame, broken } : { frame };
  }

  /** False: what came makes no sense here. */
  #add(payload: Buffer): boolean {
    const type = (payload[0] ?? 0) & 0x1f;
    if (type === nal.stapA) {
      for (let at = 1; at + 2 <= payload.length; ) {
        const size = payload.readUInt16BE(at);
        if (size === 0 || at + 2 + size > payload.length) return false;
        this.#units.push(payload.subarray(at + 2, at + 2 + size));
        at += 2 + size;
      }
      return true;
    }
    if (type !== nal.fuA) {
      if (type === 0 || type > 23) return false;
      this.#units.push(payload);
      return true;
    }
    const header = payload[1] ?? 0;
    if ((header & 0x80) !== 0) this.#fragment = [Buffer.from([((payload[0] ?? 0) & 0xe0) | (header & 0x1f)])];
    if (!this.#fragment) return false;
    this.#fragment.push(payload.subarray(2));
    if ((header & 0x40) !== 0) {
      this.#units.push(Buffer.concat(this.#fragment));
      this.#fragment = undefined;
    }
    return true;
  }
}

function frameOf(units: readonly Buffer[], timestamp: number): MediaFrame {
  const typeOf = (unit: Buffer) => (unit[0] ?? 0) & 0x1f;
  const data = Buffer.concat(
    units.flatMap((unit) => {
      const size = Buffer.alloc(4);
      size.writeUInt32BE(unit.length);
      return [size, unit];
    }),
  );
  const key = units.some((unit) => typeOf(unit) === nal.idr);
  const sps = units.find((unit) => typeOf(unit) === nal.sps);
  const pps = units.find((unit) => typeOf(unit) === nal.pps);
  if (!key || !sps || !pps) return { timestamp, key, data };
  return { timestamp, key, data, ...sizeOfSps(sps), codecPrivate: configuration(sps, pps) };
}

/** `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1). */
function configuration(sps: Buffer, pps: Buffer): Buffer {
  const head = Buffer.from([
    1,
    sps[1] ?? 0,
    sps[2] ?? 0,
    sps[3] ?? 0,
    0xff,
    0xe1,
    sps.length >> 8,
    sps.length & 0xff,
  ]);
  return Buffer.concat([head, sps, Buffer.from([1, pps.length >> 8, pps.length & 0xff]), pps]);
}

const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128];

/** Size of the picture by a sequence parameter set (H.264, 7.3.2.1.1). */
export function sizeOfSps(sps: Buffer): { width: number; height: number } {
  const bits = new Bits(withoutEmulation(sps.subarray(1)));
  const profile = bits.read(8);
  bits.skip(16);
  bits.unsigned();
  let chroma = 1;
  if (highProfiles.includes(profile)) {
    chroma = bits.unsigned();
    if (chroma === 3) bits.skip(1);
    bits.unsigned();
    bits.unsigned();
    bits.skip(1);
    const lists = bits.read(1) === 0 ? 0 : chroma === 3 ? 12 : 8;
    for (let list = 0; list < lists; list += 1) {
      const isPresent = bits.read(1) === 1;
      if (isPresent) skipList(bits, list < 6 ? 16 : 64);
    }
  }
  bits.unsigned();
  const order = bits.unsigned();
  if (order === 0) bits.unsigned();
  else if (order === 1) {
    bits.skip(1);
    bits.signed();
    bits.signed();
    for (let left = bits.unsigned(); left > 0; left -= 1) bits.signed();
  }
  bits.unsigned();
  bits.skip(1);
  const width = (bits.unsigned() + 1) * 16;
  const rows = bits.unsigned() + 1;
  const framesOnly = bits.read(1);
  if (framesOnly === 0) bits.skip(1);
  bits.skip(1);
  const height = rows * 16 * (2 - framesOnly);
  if (bits.read(1) === 0) return { width, height };
  const [left, right, top, bottom] = [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - framesOnly);
  return { width: width - (left + right) * unitX, height: height - (top + bottom) * unitY };
}

function skipList(bits: Bits, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index += 1) {
    if (next !== 0) next = (last + bits.signed() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

/** Takes out the bytes that keep start codes from appearing by accident (7.3.1). */
function withoutEmulation(bytes: Buffer): Buffer {
  const kept: number[] = [];
  for (const [index, byte] of bytes.entries()) {
    if (byte === 3 && index >= 2 && bytes[index - 1] === 0 && bytes[index - 2] === 0) continue;
    kept.push(byte);
  }
  return Buffer.from(kept);
}
