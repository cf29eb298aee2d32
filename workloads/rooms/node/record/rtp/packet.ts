/** An RTP packet (RFC 3550, 5.1), without what nobody here needs. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

/** Reads a packet; nothing when it is none. */
export function parseRtp(datagram: Buffer): RtpPacket | undefined {
  const first = datagram[0] ?? 0;
  const second = datagram[1] ?? 0;
  if (datagram.length < 12 || first >> 6 !== 2) return undefined;
  let start = 12 + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (datagram.length < start + 4) return undefined;
    start += 4 + datagram.readUInt16BE(start + 2) * 4;
  }
  const padding = (first & 0x20) === 0 ? 0 : (datagram.at(-1) ?? 0);
  const end = datagram.length - padding;
  if (end < start) return undefined;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(start, end),
  };
}

/** What a sender's report says: its RTP time and its wall clock at the same moment (RFC 3550, 6.4.1). */
export interface SenderReport {
  readonly rtp: number;
  /** Milliseconds since 1970. */
  readonly ntp: number;
}

/** Seconds from NTP's beginning (1900) to 1970. */
const ntpOffset = 2_208_988_800;

/** All sender reports of a compound RTCP packet. */
export function parseSenderReports(datagram: Buffer): SenderReport[] {
  const reports: SenderReport[] = [];
  for (let at = 0; at + 4 <= datagram.length; ) {
    const size = (datagram.readUInt16BE(at + 2) + 1) * 4;
    if (datagram[at + 1] === 200 && at + 20 <= datagram.length) {
      const seconds = datagram.readUInt32BE(at + 8) - ntpOffset;
      const fraction = datagram.readUInt32BE(at + 12) / 2 ** 32;
      reports.push({ rtp: datagram.readUInt32BE(at + 16), ntp: (seconds + fraction) * 1_000 });
    }
    at += size;
  }
  return reports;
}

/** Makes a counter that wraps into one that grows: each value is taken as the nearest to the last. */
export class Unwrapper {
  readonly #size: number;
  #last: number | undefined;

  /** @param bits of the counter. */
  constructor(bits: 16 | 32) {
    this.#size = 2 ** bits;
  }

  take(value: number): number {
    if (this.#last === undefined) {
      this.#last = value;
      return value;
    }
    const size = this.#size;
    let step = (value - this.#last) % size;
    if (step > size / 2) step -= size;
    if (step < -size / 2) step += size;
    const result = this.#last + step;
    // An old packet must not pull the counter back.
    if (step > 0) this.#last = result;
    return result;
  }
}
