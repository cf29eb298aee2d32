import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logEnd, readLog, readLogTail, readSegments } from './log-reader.ts';
import { logText } from './log-text.ts';
import { segmentName, segmentStart, segmentsToRemove } from './segment-name.ts';
import { SegmentedLog } from './segmented-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = (segmentBytes: number, totalBytes: number) =>
  new SegmentedLog({ folder, stream: 'stdout', segmentBytes, totalBytes, clock: systemClock });

/** Reads a stream from the beginning in ranges of `limit`; gaps as `null`. */
async function readAll(limit: number): Promise<(Buffer | null)[]> {
  const parts: (Buffer | null)[] = [];
  for (let from = 0; ; ) {
    const range = await readLog(folder, 'stdout', from, limit);
    if (range.missing > 0) parts.push(null);
    if (range.bytes.length === 0) return parts;
    parts.push(range.bytes);
    from = range.end;
  }
}

describe('a log', () => {
  it('keeps every byte, whatever it is, over any number of files', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 60 }),
      async (chunks, segmentBytes, limit) => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
        const target = log(segmentBytes, 1_000_000);
        for (const chunk of chunks) await target.write(Buffer.from(chunk));
        await target.close();
        const written = Buffer.concat(chunks);
        expect(target.position).toBe(written.length);
        expect(target.dropped).toBe(0);
        expect(await logEnd(folder, 'stdout')).toBe(written.length);
        expect(Buffer.concat((await readAll(limit)) as Buffer[]).equals(written)).toBe(true);
        expect((await readSegments(folder, 'stdout')).every(({ size }) => size <= segmentBytes)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('keeps its beginning and its end when it reaches its cap, and shows the gap', async () => {
    const target = log(100, 300);
    const written = randomBytes(1_050);
    for (let at = 0; at < written.length; at += 35) await target.write(written.subarray(at, at + 35));
    await target.close();
    expect((await readSegments(folder, 'stdout')).map(({ start }) => start)).toEqual([0, 900, 1000]);
    const [head, gap, tail] = await readAll(10_000);
    expect(head?.equals(written.subarray(0, 100))).toBe(true);
    expect(gap).toBeNull();
    expect(tail?.equals(written.subarray(900))).toBe(true);
    expect(await readLog(folder, 'stdout', 500, 10)).toMatchObject({ start: 900, missing: 400, end: 910 });
  });

  it('goes on without the disk, and again with it', async () => {
    let now = 0;
    const clock = { ...systemClock, monotonic: () => now };
    const target = new SegmentedLog({ folder, stream: 'stdout', segmentBytes: 10, totalBytes: 100, clock });
    await target.write(Buffer.from('0123456789'));
    rmSync(folder, { recursive: true });
    await target.write(Buffer.from('lost'));
    expect([target.position, target.dropped]).toEqual([14, 4]);
    mkdirSync(folder);
    await target.write(Buffer.from('too soon'));
    now += 2_000;
    await target.write(Buffer.from('back'));
    await target.close();
    expect([target.position, target.dropped]).toEqual([26, 12]);
    expect((await readSegments(folder, 'stdout')).map(({ start }) => start)).toEqual([22]);
    expect(readFileSync(join(folder, segmentName('stdout', 22)), 'utf8')).toBe('back');
  });

  it('is empty before anything was written, and beyond its end', async () => {
    expect(await readLog(folder, 'stdout', 0, 10)).toEqual({
      start: 0,
      end: 0,
      bytes: Buffer.alloc(0),
      missing: 0,
    });
    expect(await readLog(join(folder, 'no-such'), 'stderr', 5, 10)).toMatchObject({
      start: 5,
      end: 5,
      missing: 0,
    });
    expect(await logEnd(folder, 'stderr')).toBe(0);
  });

  it('gives its last bytes, not reaching back over a gap', async () => {
    writeFileSync(join(folder, segmentName('stdout', 0)), 'beginning');
    writeFileSync(join(folder, segmentName('stdout', 100)), 'end');
    expect((await readLogTail(folder, 'stdout', 2)).bytes.toString()).toBe('nd');
    expect((await readLogTail(folder, 'stdout', 96)).bytes.toString()).toBe('end');
    expect((await readLogTail(folder, 'stdout', 200)).bytes.toString()).toBe('end');
  });

  it('does not take other files for its own', async () => {
    for (const name of [
      'stdout.1',
      'stdout.00000000000000x',
      'stdout',
      'stderr.000000000000000',
      'exit.json',
    ]) {
      writeFileSync(join(folder, name), 'x');
    }
    expect(await readSegments(folder, 'stdout')).toEqual([]);
  });
});

describe('names of segments', () => {
  it('sort as their positions do, and can be read back', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.nat(2 ** 31), (a, b) => {
        expect(segmentStart('stdout', segmentName('stdout', a))).toBe(a);
        expect(segmentName('stdout', a) < segmentName('stdout', b)).toBe(a < b);
      }),
    );
  });

  it.each([
    [[0, 10, 20], 3, []],
    [[0, 10, 20, 30], 3, [10]],
    [[30, 0, 20, 10, 40], 2, [10, 20, 30]],
    [[0, 10], 0, []],
  ])('%j with %i kept lose %j', (starts, keep, removed) =>
    expect(segmentsToRemove(starts, keep)).toEqual(removed),
  );
});

describe('log text', () => {
  const text = (bytes: Buffer | string, missing = 0, whole = true) =>
    logText({ bytes: Buffer.from(bytes), missing }, whole);

  it('stands for every byte, also those that are not text', () => {
    expect(text(Buffer.from([0x61, 0xff, 0x62])).text).toBe('a\ufffdb');
    expect(text('a\0b\u001b[31mred\r\n').text).toBe('a\u2400b\u241b[31mred\r\n');
  });

  it('says how much was dropped', () =>
    expect(text('x', 12).text).toBe('[… 12 bytes of output were dropped here …]\nx'));

  it('never cuts a character between two ranges', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(200), (whole, cut) => {
        const bytes = Buffer.from(whole.replace(/\p{Cc}/gu, ''));
        const at = Math.min(cut, bytes.length);
        const first = logText({ bytes: bytes.subarray(0, at), missing: 0 }, false);
        const second = logText({ bytes: bytes.subarray(first.used), missing: 0 });
        expect(first.text + second.text).toBe(bytes.toString('utf8'));
      }),
    );
  });

  it('does not wait for ever for the rest of bytes that are no character', () => {
    expect(text(Buffer.from([0xff]), 0, false).used).toBe(1);
    expect(text(Buffer.from([0x80, 0x80, 0x80, 0x80]), 0, false).used).toBe(4);
    expect(text(Buffer.from([0xe4, 0xbd]), 0, false).used).toBe(0);
  });
});
