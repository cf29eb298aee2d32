import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestNode, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFilm } from '../../test/films.ts';
import { type LookContext, Unreadable } from '../media/look.ts';
import { type CopyPlan, proveCopy } from './prove-copy.ts';

/** Films that ffmpeg has copied for real, and the same with one thing changed in their bytes. */
let node: TestNode;
let inputsDir: string;
let workDir: string;
let context: LookContext;
beforeAll(async () => {
  node = await openTestNode();
  inputsDir = await mkdtemp(join(tmpdir(), 'backlot-copies-'));
  workDir = join(node.scratch, 'copies');
  await mkdir(workDir);
  const { run, capabilities } = node;
  const log = { debug() {}, info() {}, warn() {}, error() {} } as unknown as LookContext['log'];
  context = { run, capabilities, log, signal: new AbortController().signal, inputsDir, workDir };
});
afterAll(async () => {
  await node.close();
  await rm(inputsDir, { recursive: true, force: true });
});

const small = { seconds: 2, size: '160x90' } as const;
const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p'];
const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-g', '25', '-x265-params', 'log-level=error'];
const av1 = ['-c:v', 'libsvtav1', '-preset', '12', '-g', '25'];

function copy(source: string, name: string, how: readonly string[] = []): string {
  const path = join(inputsDir, name);
  const argv = ['-nostdin', '-v', 'error', '-y', '-i', source, '-map', '0:v', '-map', '0:a?', '-c', 'copy'];
  const ended = spawnSync('ffmpeg', [...argv, ...how, path], { encoding: 'utf8', timeout: 60_000 });
  if (ended.status !== 0) throw new Error(ended.stderr || String(ended.error));
  return path;
}

/** Where packets are in a file: of mp4 and mov to the byte, of others up to a few bytes before. */
function placesOf(path: string, track: string): { size: number; pos: number }[] {
  const what = ['-select_streams', track, '-show_entries', 'packet=size,pos', '-of', 'csv=p=0', path];
  const { stdout } = spawnSync('ffprobe', ['-v', 'error', ...what], { encoding: 'utf8', timeout: 60_000 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([size = 0, pos = 0]) => ({ size, pos }));
}

async function damaged(path: string, name: string, change: (bytes: Buffer) => void): Promise<string> {
  const bytes = await readFile(path);
  change(bytes);
  const target = join(inputsDir, name);
  await writeFile(target, bytes);
  return target;
}

async function flipped(path: string, name: string, track: string, packet: number): Promise<string> {
  const place = placesOf(path, track)[packet];
  if (!place) throw new Error('There is no such packet.');
  const at = place.pos + Math.floor(place.size / 2);
  return await damaged(path, name, (bytes) => bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at));
}

/** Two packets of one size change places: the count, the sizes and the times stay what they were. */
async function swapped(path: string, name: string, track: string): Promise<string> {
  const places = placesOf(path, track);
  const bytes = await readFile(path);
  const of = ({ pos, size }: { pos: number; size: number }) => Buffer.from(bytes.subarray(pos, pos + size));
  for (const [at, one] of places.entries()) {
    const other = places
      .slice(at + 1)
      .find((candidate) => candidate.size === one.size && !of(candidate).equals(of(one)));
    if (!other) continue;
    return await damaged(path, name, (target) => {
      of(other).copy(target, one.pos);
      of(one).copy(target, other.pos);
    });
  }
  throw new Error('No two packets have one size.');
}

async function verdict(source: string, output: string, plan: Partial<CopyPlan> = {}): Promise<string> {
  const found = await proveCopy(context, source, output, {
    tracks: 'every',
    sound: true,
    packets: [],
    ...plan,
  });
  expect(await readdir(workDir)).toEqual([]);
  return 'proof' in found ? `ok: ${found.proof}` : `wrong: ${found.wrong}`;
}

describe('a copy has the packets of its source', { timeout: 120_000 }, () => {
  it.each<[string, string, readonly string[], readonly string[], RegExp]>([
    ['mkv', 'mkv', x264, [], /of the source’s$|^ok: 50 packets of picture, \d+ packets of sound: .*’s$/],
    ['flv', 'mp4', x264, [], /^ok: 50 packets of picture, 9\d packets of sound: .*’s$/],
    ['mp4', 'mkv', x264, [], /^ok: 50 packets of picture, 9\d packets of sound: .*’s$/],
    ['ts', 'mp4', x264, [], /^ok: 50 .*Not compared: access unit delimiters \(picture\); ADTS headers/],
    ['ts', 'mkv', x264, [], /^ok: 50 .*Not compared: access unit delimiters \(picture\); ADTS headers/],
    ['mp4', 'ts', x264, [], /^ok: 50 .*Not compared: parameter sets .*ADTS headers/],
    ['mkv', 'mp4', x265, ['-tag:v', 'hvc1'], /^ok: 50 packets of picture, 9\d packets of sound: /],
    ['ts', 'mp4', x265, ['-tag:v', 'hvc1'], /^ok: 50 .*Not compared: parameter sets/],
    ['mp4', 'ts', x265, [], /^ok: 50 .*Not compared: parameter sets/],
    ['mkv', 'mp4', av1, [], /^ok: 50 .*Not compared: temporal delimiters/],
  ])('%s to %s', async (from, to, how, more, expected) => {
    const name = `${from}-${to}-${how[1]}`;
    const source = makeFilm(inputsDir, `${name}.${from}`, { ...small, how });
    expect(await verdict(source, copy(source, `${name}-copy.${to}`, more))).toMatch(expected);
  });

  it('of the tracks that it has alone', async () => {
    const how = ['-map', '1:a', '-map', '0:v', '-map', '1:a', ...x264];
    const source = makeFilm(inputsDir, 'three.mkv', { ...small, how });
    const every = copy(source, 'three-copy.mp4');
    expect(await verdict(source, every)).toMatch(/picture, 9\d packets of sound 1, 9\d packets of sound 2/);
    expect(await verdict(source, every, { tracks: 'first' })).toMatch(
      /^ok: 50 packets of picture, 9\d packets of sound: /,
    );
    expect(await verdict(source, every, { tracks: 'first', sound: false })).toMatch(
      /^ok: 50 packets of picture: /,
    );
  });
});

describe('a copy is refused', { timeout: 120_000 }, () => {
  it.each([
    ['mkv', 'mkv'],
    ['flv', 'mp4'],
    ['ts', 'mp4'],
  ])('when one bit of one packet is another: %s to %s', async (from, to) => {
    const name = `bit-${from}-${to}`;
    const source = makeFilm(inputsDir, `${name}.${from}`, { ...small, how: x264 });
    const whole = copy(source, `${name}-copy.${to}`);
    expect(await verdict(source, whole)).toMatch(/^ok/);
    const picture = await flipped(whole, `${name}-picture.${to}`, 'v:0', 30);
    expect(await verdict(source, picture)).toMatch(
      /^wrong: packet 31 of its picture \(at \d+\.\d{3} s\) is not that/,
    );
    const sound = await flipped(whole, `${name}-sound.${to}`, 'a:0', 40);
    expect(await verdict(source, sound)).toMatch(
      /^wrong: packet 41 of its sound \(at \d+\.\d{3} s\) is not that/,
    );
  });

  it('when two packets have changed places, of picture or of sound', async () => {
    const plain = ['-c:v', 'rawvideo', '-pix_fmt', 'uyvy422'];
    const source = makeFilm(inputsDir, 'swap.mov', { seconds: 1, size: '32x18', how: plain });
    const whole = copy(source, 'swap-copy.mov');
    expect(await verdict(source, whole)).toMatch(/^ok/);
    const pictures = await swapped(whole, 'swap-pictures.mov', 'v:0');
    expect(await verdict(source, pictures)).toMatch(/^wrong: packet 1 of its picture/);
    const sounds = await swapped(whole, 'swap-sounds.mov', 'a:0');
    expect(await verdict(source, sounds)).toMatch(/^wrong: packet \d+ of its sound/);
  });

  it('when it ends early, or another track is in it', async () => {
    const source = makeFilm(inputsDir, 'early.mkv', { ...small, how: x264 });
    expect(await verdict(source, copy(source, 'early-copy.mkv', ['-t', '1']))).toMatch(
      /^wrong: its picture ends after packet \d+/,
    );
    const silent = copy(source, 'silent.mkv', ['-an']);
    expect(await verdict(source, silent)).toBe('wrong: it has 1 tracks of 2');
  });

  it('when its parameter sets are others', async () => {
    const source = makeFilm(inputsDir, 'sets.mp4', { ...small, how: x264 });
    const output = await damaged(copy(source, 'sets-whole.mp4'), 'sets-copy.mp4', (bytes) => {
      // The byte of the level of the first parameter set, which says no more than what a decoder must be able to do.
      const level = bytes.indexOf('avcC', 0, 'latin1') + 4 + 3 + 8;
      bytes.writeUInt8(bytes.readUInt8(level) ^ 0x01, level);
    });
    expect(await verdict(source, output)).toMatch(/^wrong: the parameter sets of its picture/);
  });

  it('when it can’t be read', async () => {
    const source = makeFilm(inputsDir, 'words.mp4', { ...small, how: x264 });
    const words = join(inputsDir, 'words.txt');
    await writeFile(words, 'words\n'.repeat(500));
    await expect(verdict(source, words)).rejects.toBeInstanceOf(Unreadable);
  });
});
