/** Reads bits of a NAL unit's payload, without its emulation prevention bytes (ITU-T H.264, 7.4.1). */
export class BitReader {
  readonly #bytes: Buffer;
  #bit = 0;

  /** @param unit the whole NAL unit. @param headerBytes of it, which are passed over. */
  constructor(unit: Buffer, headerBytes: number) {
    const out = Buffer.alloc(unit.length);
    let length = 0;
    for (let at = headerBytes, zeros = 0; at < unit.length; at++) {
      const byte = unit[at] ?? 0;
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      zeros = byte === 0 ? zeros + 1 : 0;
      out[length++] = byte;
    }
    this.#bytes = out.subarray(0, length);
  }

  /** @throws RangeError behind the end */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.#bytes[this.#bit >> 3];
      if (byte === undefined) throw new RangeError('The unit ends too early.');
      value = value * 2 + ((byte >> (7 - (this.#bit & 7))) & 1);
      this.#bit += 1;
    }
    return value;
  }

  /** Exp-Golomb, unsigned: ue(v). */
  unsigned(): number {
    let zeros = 0;
    while (this.bits(1) === 0) if (++zeros > 32) throw new RangeError('No such number.');
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb, signed: se(v). */
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? (value + 1) / 2 : -value / 2;
  }
}
