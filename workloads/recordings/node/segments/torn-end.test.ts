import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complaintsOf } from '../../test/sources/listeners.ts';
import { makeSample } from '../../test/sources/sample.ts';
import { TS_PACKET } from '../ts/ts-packet.ts';
import { wholeTail, wholeTsBytes } from './torn-end.ts';

let folder: string;
let film: Buffer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-torn-'));
  const { path } = makeSample(folder, { seconds: 2, gopSeconds: 1 });
  const made = join(folder, 'film.ts');
  // Frames of sound of several packets each, one in a PES packet: as SRT senders send them.
  const ended = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-i', path, '-c:v', 'copy', '-c:a', 'aac', '-b:a', '320k'],
      ...['-f', 'mpegts', '-pes_payload_size', '0', made],
    ],
    { encoding: 'utf8' },
  );
  expect(ended.stderr).toBe('');
  film = readFileSync(made);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const frame = (pid: number, length: number) => {
  const packet = Buffer.alloc(TS_PACKET, 0xff);
  packet.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10, 0, 0, 1, 0xc0, length >> 8, length & 0xff]);
  return packet;
};
const more = (pid: number) => {
  const packet = Buffer.alloc(TS_PACKET, 0xff);
  packet.set([0x47, pid >> 8, pid & 0xff, 0x10]);
  return packet;
};
const payload = TS_PACKET - 4;

describe('the end of a transport stream that was cut off', () => {
  it.each<[string, Buffer[], number]>([
    ['nothing', [], 0],
    ['a frame that is whole in its packet', [frame(257, 100)], 1],
    ['one that is whole in two', [frame(257, 2 * payload - 6), more(257)], 2],
    ['one that lacks its second packet', [frame(256, 0), frame(257, 2 * payload - 6)], 1],
    ['one that lacks its third', [frame(257, 3 * payload - 6), more(257)], 0],
    ['one behind which nothing but stuffing stands', [frame(257, 3 * payload - 6), more(0x1fff)], 0],
    ['one with a picture behind its beginning', [frame(257, 3 * payload - 6), more(256)], 2],
    ['a picture, which does not say how long it is', [frame(256, 0), more(256)], 2],
  ])('is whole: %s', (_, packets, whole) => {
    expect(wholeTail(Buffer.concat(packets))).toBe(whole * TS_PACKET);
  });

  it('is never longer than what there is, and whole packets, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 * TS_PACKET }), (bytes) => {
        const packets = Buffer.from(bytes).subarray(0, bytes.length - (bytes.length % TS_PACKET));
        const whole = wholeTail(packets);
        return whole >= 0 && whole <= packets.length && whole % TS_PACKET === 0;
      }),
    );
  });

  it('is cut where decoders have nothing to complain of in the sound, wherever it was cut off', async () => {
    const path = join(folder, 'cut.ts');
    let torn = 0;
    const from = film.length - (film.length % TS_PACKET) - 40 * TS_PACKET;
    for (let end = from; end < from + 12 * TS_PACKET; end += TS_PACKET) {
      writeFileSync(path, film.subarray(0, end + 7));
      const whole = await wholeTsBytes(path);
      expect(whole).toBeLessThanOrEqual(end);
      if (whole < end) torn += 1;
      writeFileSync(path, film.subarray(0, whole));
      expect(
        complaintsOf(path)
          .split('\n')
          .filter((line) => /aac/.test(line)),
      ).toEqual([]);
    }
    // It would prove nothing if no cut had fallen into a frame.
    expect(torn).toBeGreaterThan(0);
  }, 120_000);
});
