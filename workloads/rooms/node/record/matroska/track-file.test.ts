import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readHeader, sizeOf } from './ebml.ts';
import { mendTrackFile, readTrackFile } from './read-track-file.ts';
import { clusterMs, TrackFile } from './track-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'backlot-track-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newPath = () => join(folder, `${count++}.webm`);

describe('a file of one track', () => {
  it('holds every frame, in order, whatever their times and sizes', async () => {
    const frame = fc.record({
      step: fc.integer({ min: -5, max: 400 }),
      size: fc.integer({ min: 1, max: 5_000 }),
      key: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 80 }), async (frames) => {
        const path = newPath();
        const file = new TrackFile(path, { codecId: 'V_VP8', width: 320, height: 180 }, 0);
        let time = 0;
        for (const { step, size, key } of frames) {
          file.write({ data: Buffer.alloc(size, 7), key }, time);
          time += step;
        }
        file.close(40);
        const facts = await readTrackFile(path);
        expect(facts).toMatchObject({
          frames: frames.length,
          keyFrames: frames.filter(({ key }) => key).length,
          disordered: 0,
          lastMs: file.last,
        });
        expect(facts.wholeBytes).toBe(facts.bytes);
      }),
      { numRuns: 40 },
    );
  });

  it('that was cut off anywhere is whole to within one cluster after mending', async () => {
    const path = newPath();
    const file = new TrackFile(path, { codecId: 'A_OPUS' }, Date.UTC(2026, 0, 1));
    for (let index = 0; index < 500; index += 1)
      file.write({ data: Buffer.alloc(60, index), key: true }, index * 20);
    file.flush();
    const { bytes } = await readTrackFile(path);
    const original = readFileSync(path);
    for (const share of [0.97, 0.8, 0.5, 0.11]) {
      const cut = Math.floor(bytes * share);
      truncateSync(path, cut);
      const before = await readTrackFile(path);
      const mended = await mendTrackFile(path);
      const after = await readTrackFile(path);
      expect(after).toMatchObject({ frames: before.frames, disordered: 0 });
      expect(after.bytes).toBe(mended.wholeBytes);
      // All that was there but what the last cluster held.
      expect(after.lastMs).toBeGreaterThanOrEqual(Math.floor(500 * 20 * share) - 2 * clusterMs);
      truncateSync(path, 0);
      appendFileSync(path, original);
    }
  });

  it('is refused when it is none', async () => {
    const path = newPath();
    appendFileSync(path, 'this is no film');
    await expect(readTrackFile(path)).rejects.toThrow('does not begin as a Matroska file');
  });
});

describe('EBML', () => {
  it('reads the sizes that it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (size) => {
        const bytes = Buffer.concat([Buffer.from([0xa3]), sizeOf(size)]);
        expect(readHeader(bytes, 0)).toEqual({ id: 0xa3, size, at: bytes.length });
      }),
    );
  });
});
