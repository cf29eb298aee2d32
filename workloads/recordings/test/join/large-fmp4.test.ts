import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boxesIn } from '../../node/fmp4/boxes.ts';
import { readFragment, readTracks } from '../../node/fmp4/tracks.ts';
import { box, fullBox, u32 } from '../../node/fmp4/write-boxes.ts';
import { fileProofs } from '../../node/join/file-proofs.ts';
import { joinFmp4 } from '../../node/join/join-fmp4.ts';
import type { JoinSegment } from '../../node/join/plan-join.ts';
import { scanFmp4 } from '../../node/segments/scan-fmp4.ts';
import { makeSample } from '../sources/sample.ts';

/** Node reads no file above 2 GiB as one. */
const hole = 3 * 1024 ** 3;

let folder: string;
let film: Buffer;
/** A segment as a source without keyframes makes it: larger than what can be read at once. Most of it is a hole on the disk. */
let large: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-large-'));
  const path = join(folder, 'film.mp4');
  const ended = spawnSync(
    'ffmpeg',
    [
      ...['-nostdin', '-v', 'error', '-i', makeSample(folder, { seconds: 4 }).path, '-c', 'copy'],
      ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof', path],
    ],
    { encoding: 'utf8', timeout: 170_000 },
  );
  expect(ended.stderr).toBe('');
  film = readFileSync(path);
  const [fragment] = [...boxesIn(film, 0, film.length)].filter(({ type }) => type === 'moof');
  const middle = fragment?.start ?? 0;
  large = join(folder, 'large.m4s');
  const head = Buffer.alloc(16);
  head.writeUInt32BE(1);
  head.write('free', 4, 'latin1');
  head.writeBigUInt64BE(BigInt(hole), 8);
  const file = await open(large, 'w');
  try {
    await file.write(film, 0, middle, 0);
    await file.write(head, 0, head.length, middle);
    await file.write(film, middle, film.length - middle, middle + hole);
  } finally {
    await file.close();
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const segment = (path: string) => ({ path, container: 'fmp4', firstMs: 0, lastMs: 4_000 }) as JoinSegment;

describe('a segment of fragmented MP4 that is larger than any file that is read as one', () => {
  it('is looked at after a kill', async () => {
    const [facts, small] = [await scanFmp4(large), await scanFmp4(join(folder, 'film.mp4'))];
    expect(small.videoFrames).toBe(100);
    expect(facts).toMatchObject({
      videoFrames: small.videoFrames,
      audioFrames: small.audioFrames,
      keyframes: small.keyframes,
      bytes: film.length + hole,
      wholeBytes: small.wholeBytes + hole,
    });
  });

  it('is compared with others, and joined', async () => {
    const [one, other] = [segment(large), segment(join(folder, 'film.mp4'))];
    expect(fileProofs.sameSetup(one, other)).toBe(true);
    const joined = await Promise.all(
      [one, other].map(async (of) => {
        const pieces: Buffer[] = [];
        const out = new Writable({
          write(piece: Buffer, _encoding, done) {
            pieces.push(piece);
            done();
          },
        });
        const run = { segments: [of], spares: [], fromMs: 0, toMs: 4_000, offsetMs: 0, anchor: 0 };
        const counts = await joinFmp4({ part: 1, container: 'fmp4', runs: [run] }, out);
        return { counts, bytes: Buffer.concat(pieces) };
      }),
    );
    expect(joined[0]?.counts).toEqual(joined[1]?.counts);
    expect(joined[0]?.counts.videoFrames).toBe(100);
    expect(joined[0]?.bytes.equals(joined[1]?.bytes ?? Buffer.alloc(0))).toBe(true);
  });
});

it('a fragment that announces billions of frames says nothing: they would be counted one by one', () => {
  const moov = [...boxesIn(film, 0, film.length)].find(({ type }) => type === 'moov');
  const tracks = readTracks(film.subarray(moov?.start, moov?.end));
  const fragment = (count: number) => {
    const tfhd = fullBox('tfhd', 0, 0x20000, u32(tracks[0]?.id ?? 0));
    const bytes = box(
      'moof',
      box('traf', tfhd, fullBox('tfdt', 0, 0, u32(0)), fullBox('trun', 0, 0, u32(count))),
    );
    const [outer] = boxesIn(bytes, 0, bytes.length);
    return outer ? readFragment(bytes, outer, tracks) : undefined;
  };
  expect(fragment(50)).toMatchObject([{ samples: 50 }]);
  expect(fragment(0xffff_ffff)).toEqual([]);
});
