import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRtp, parseSenderReports, type RtpPacket, Unwrapper } from './packet.ts';
import { patienceMs, Reorder } from './reorder.ts';
import { readVp8 } from './vp8.ts';
import { readVp9 } from './vp9.ts';

const packet = (sequence: number): RtpPacket => ({
  payloadType: 96,
  sequence: sequence & 0xffff,
  timestamp: sequence * 3_000,
  ssrc: 1,
  marker: true,
  payload: Buffer.from([sequence & 0xff]),
});

describe('RTP', () => {
  it('is read with contributors, extension and padding', () => {
    const datagram = Buffer.concat([
      Buffer.from('b1e0000700000009000000aa', 'hex'),
      Buffer.from('000000bb', 'hex'),
      Buffer.from('bede000100000000', 'hex'),
      Buffer.from('010203', 'hex'),
      Buffer.from('000002', 'hex').subarray(1),
    ]);
    expect(parseRtp(datagram)).toMatchObject({
      payloadType: 96,
      marker: true,
      sequence: 7,
      timestamp: 9,
      ssrc: 0xaa,
      payload: Buffer.from('010203', 'hex'),
    });
  });

  it('is never read beyond its end, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const datagram = Buffer.from(bytes);
        const parsed = parseRtp(datagram);
        if (parsed) expect(parsed.payload.length).toBeLessThanOrEqual(datagram.length - 12);
        parseSenderReports(datagram);
        readVp8(datagram);
        readVp9(datagram);
      }),
    );
  });

  it('finds the sender report in a compound packet', () => {
    const report = Buffer.alloc(28);
    report[0] = 0x80;
    report[1] = 200;
    report.writeUInt16BE(6, 2);
    // One and a half seconds after the beginning of 1970.
    report.writeUInt32BE(2_208_988_801, 8);
    report.writeUInt32BE(0x80000000, 12);
    report.writeUInt32BE(90_000, 16);
    const other = Buffer.from('80c90001000000aa', 'hex');
    expect(parseSenderReports(Buffer.concat([other, report]))).toEqual([{ rtp: 90_000, ntp: 1_500 }]);
  });

  it('counts on where a number wraps, in both directions', () => {
    const unwrap = new Unwrapper(16);
    expect([65_534, 65_535, 0, 1, 65_535, 2].map((value) => unwrap.take(value))).toEqual([
      65_534, 65_535, 65_536, 65_537, 65_535, 65_538,
    ]);
  });
});

describe('packets out of order', () => {
  it('come out in order, each once, when they are no further apart than the patience', () => {
    const jitter = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 2, maxLength: 120 });
    fc.assert(
      fc.property(jitter, fc.integer({ min: 1, max: 65_535 }), (delays, first) => {
        // The first one tells where it begins.
        const order = delays
          .map((delay, index) => ({ index, at: index === 0 ? -1 : index + delay }))
          .sort((a, b) => a.at - b.at || a.index - b.index);
        const reorder = new Reorder();
        const out = order.flatMap(({ index }, now) => [
          ...reorder.take(packet(first + index), now),
          // Sent twice: the second is nobody's.
          ...reorder.take(packet(first + index), now),
        ]);
        const all = [...out, ...reorder.flush()];
        expect(all.map(({ index }) => index)).toEqual(delays.map((_, index) => (first & 0xffff) + index));
        expect(all.some(({ gap }) => gap)).toBe(false);
        expect(reorder.lost).toBe(0);
      }),
    );
  });

  it('are not waited for longer than the patience, and the hole is marked', () => {
    const reorder = new Reorder();
    expect(reorder.take(packet(1), 0)).toHaveLength(1);
    expect(reorder.take(packet(4), 10)).toEqual([]);
    const late = reorder.take(packet(5), 10 + patienceMs);
    expect(late.map(({ sequence, gap }) => [sequence, gap])).toEqual([
      [4, true],
      [5, false],
    ]);
    expect(reorder.lost).toBe(2);
    // Too late now.
    expect(reorder.take(packet(2), 500)).toEqual([]);
  });
});
