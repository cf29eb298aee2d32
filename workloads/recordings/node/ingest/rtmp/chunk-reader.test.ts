import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf, ChunkReader, type RtmpMessage } from './chunk-reader.ts';
import { writeMessage } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

const header = (format: number, id: number, time: number, length: number, type: number) => {
  const out = Buffer.alloc(format === 0 ? 12 : format === 1 ? 8 : format === 2 ? 4 : 1);
  out[0] = (format << 6) | id;
  if (format < 3) out.writeUIntBE(Math.min(time, 0xffffff), 1, 3);
  if (format < 2) {
    out.writeUIntBE(length, 4, 3);
    out[7] = type;
  }
  if (format === 0) out.writeUInt32LE(1, 8);
  return out;
};

function read(parts: readonly Buffer[]): RtmpMessage[] {
  const found: RtmpMessage[] = [];
  const reader = new ChunkReader((message) => found.push(message));
  for (const part of parts) reader.push(part);
  return found;
}

describe('the chunk stream', () => {
  it('gives the same messages however the bytes are sliced', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        bodies,
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 }),
        (list, cuts) => {
          const size = Buffer.alloc(4);
          size.writeUInt32BE(4_096);
          const stream = Buffer.concat([
            ...list.map((body, n) => writeMessage(3 + (n % 3), 9, 1, Buffer.from(body))),
          ]);
          const slices: Buffer[] = [];
          for (let at = 0, n = 0; at < stream.length; n += 1) {
            const step = cuts[n % cuts.length] ?? 1;
            slices.push(stream.subarray(at, at + step));
            at += step;
          }
          const found: Buffer[] = [];
          const reader = new ChunkReader((message) => found.push(Buffer.from(bodyOf(message))));
          reader.setChunkSize(4_096);
          for (const slice of slices) reader.push(slice);
          expect(found).toEqual(list.map((body) => Buffer.from(body)));
        },
      ),
    );
  });

  it('reads deltas, repeated headers and messages that are woven into each other', () => {
    const a = Buffer.alloc(200, 1);
    const b = Buffer.alloc(100, 2);
    const found = read([
      header(0, 4, 1_000, 200, 9),
      a.subarray(0, 128),
      header(0, 6, 1_005, 100, 8),
      b,
      header(3, 4, 0, 0, 0),
      a.subarray(128),
      header(1, 6, 20, 100, 8),
      b,
      header(2, 6, 23, 0, 0),
      b,
      header(3, 6, 0, 0, 0),
      b,
    ]);
    expect(found.map(({ type, timestamp, framed }) => [type, timestamp, framed.length - 15])).toEqual([
      [8, 1_005, 100],
      [9, 1_000, 200],
      [8, 1_025, 100],
      [8, 1_048, 100],
      [8, 1_071, 100],
    ]);
  });

  it.each([true, false])('reads times beyond 24 bits, repeated in later chunks: %s', (repeated) => {
    const time = Buffer.alloc(4);
    time.writeUInt32BE(0x01234567);
    const body = Buffer.alloc(200, 7);
    const found = read([
      Buffer.concat([header(0, 4, 0xffffff, 200, 9), time, body.subarray(0, 128)]),
      Buffer.concat([header(3, 4, 0, 0, 0), ...(repeated ? [time] : []), body.subarray(128)]),
    ]);
    expect(found.map(({ timestamp }) => timestamp)).toEqual([0x01234567]);
    expect(found.map((message) => bodyOf(message).equals(body))).toEqual([true]);
  });

  it('refuses what is larger than a command until media are allowed', () => {
    const large = header(0, 4, 0, 200_000, 9);
    expect(() => read([large])).toThrow(ProtocolError);
    const reader = new ChunkReader(() => {});
    reader.allowMedia();
    expect(() => reader.push(large)).not.toThrow();
    const other = new ChunkReader(() => {});
    other.allowMedia();
    expect(() => other.push(header(0, 5, 0, 0xfffffe, 9))).toThrow(ProtocolError);
  });

  it('refuses to hold many half messages', () => {
    const begin = Array.from({ length: 40 }, (_, n) =>
      Buffer.concat([header(0, 3 + n, 0, 60_000, 9), Buffer.alloc(128)]),
    );
    expect(() => read(begin)).toThrow(ProtocolError);
  });

  it('answers any bytes with messages or a ProtocolError, and holds little', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 20 }), (parts) => {
        try {
          read(parts.map((part) => Buffer.from(part)));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
