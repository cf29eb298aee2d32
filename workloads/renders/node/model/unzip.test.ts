import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { chooseMain } from './choose-main-file.ts';
import { placeOf, unzip, ZipRefused } from './unzip.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-unzip-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
let count = 0;

/** Makes a zip; `forge` changes its bytes afterwards, as no honest program would write them. */
async function zipOf(
  files: Readonly<Record<string, Buffer | string>>,
  options: { readonly mode?: number; readonly forge?: (bytes: Buffer) => Buffer } = {},
): Promise<string> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(files))
    zip.addBuffer(Buffer.from(content), name, {
      ...(options.mode === undefined ? {} : { mode: options.mode }),
    });
  zip.end();
  count += 1;
  const path = join(folder, `${count}.zip`);
  await pipeline(zip.outputStream, createWriteStream(path));
  if (options.forge) await writeFile(path, options.forge(await readFile(path)));
  return path;
}
const target = () => join(folder, `out-${count}`);
/** Replaces a name by another one of the same length, in the local header and in the directory. */
const rename = (from: string, to: string) => (bytes: Buffer) =>
  Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');

describe('unpacking a zip of a model', () => {
  it('gives the files in their folders, and leaves out what systems put in', async () => {
    const path = await zipOf({
      'chair/chair.obj': 'v 0 0 0',
      'chair/textures/wood.png': 'png',
      '__MACOSX/chair/._chair.obj': 'x',
      'chair/.DS_Store': 'x',
    });
    expect(await unzip(path, target(), signal)).toEqual(['chair/chair.obj', 'chair/textures/wood.png']);
    expect(await readFile(join(target(), 'chair/textures/wood.png'), 'utf8')).toBe('png');
  });

  it.each([
    ['../aa', 'leads out'],
    ['/aaaa', 'absolute'],
    ['C:/aa', 'absolute'],
    ['a/../', 'leads out'],
  ])('refuses the name %s', async (name, words) => {
    const honest = 'x'.repeat(name.length);
    const path = await zipOf({ [honest]: 'payload' }, { forge: rename(honest, name) });
    await expect(unzip(path, target(), signal)).rejects.toThrow(ZipRefused);
    await expect(readdir(folder)).resolves.not.toContain('aa');
    expect(() => placeOf({ ...plain, fileName: name })).toThrow(words);
  });

  it.each([
    ['..\\..\\evil', 'leads out'],
    ['a\0b', 'zero byte'],
    ['x/'.repeat(30).concat('y'), 'too long'],
    ['y'.repeat(500), 'too long'],
  ])('refuses the name %j', (name, words) => {
    expect(() => placeOf({ ...plain, fileName: name })).toThrow(words);
  });

  it('refuses links, devices and encrypted files', async () => {
    const link = await zipOf({ link: '/etc/passwd' }, { mode: 0o120777 });
    await expect(unzip(link, target(), signal)).rejects.toThrow('is a link');
    const device = await zipOf({ device: '' }, { mode: 0o020666 });
    await expect(unzip(device, target(), signal)).rejects.toThrow('no plain file');
    expect(() => placeOf({ ...plain, generalPurposeBitFlag: 1 })).toThrow('encrypted');
  });

  it('refuses a bomb before it is unpacked, by its claim', async () => {
    const path = await zipOf({ 'zeros.bin': Buffer.alloc(80 * 1024 * 1024) });
    await expect(unzip(path, target(), signal)).rejects.toThrow('more than 200 times');
  });

  it('refuses what is more than the limits allow, by its real bytes', async () => {
    const limits = { files: 2, bytes: 1_000, ratio: 200 };
    const big = await zipOf({ a: Buffer.alloc(600, 1), b: Buffer.alloc(600, 2) });
    await expect(unzip(big, target(), signal, limits)).rejects.toThrow('more than 1000 bytes');
    const many = await zipOf({ a: 'a', b: 'b', c: 'c' });
    await expect(unzip(many, target(), signal, limits)).rejects.toThrow('more than 2 files');
  });

  it('refuses two names that one file system would take for one', async () => {
    const path = await zipOf({ 'Wood.png': 'a', 'wood.PNG': 'b' });
    await expect(unzip(path, target(), signal)).rejects.toThrow('twice');
  });

  it('refuses what is no zip, or is cut off, or lies about its bytes', async () => {
    const noise = join(folder, 'noise.zip');
    await writeFile(noise, Buffer.from('this is no zip at all, and never was one'));
    await expect(unzip(noise, join(folder, 'noise'), signal)).rejects.toThrow(ZipRefused);
    const cut = await zipOf(
      { a: 'x'.repeat(2_000) },
      { forge: (bytes) => bytes.subarray(0, bytes.length - 30) },
    );
    await expect(unzip(cut, target(), signal)).rejects.toThrow(ZipRefused);
    const broken = await zipOf(
      { a: Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 7919) % 251)) },
      { forge: (bytes) => bytes.fill(0xff, 60, 200) },
    );
    await expect(unzip(broken, target(), signal)).rejects.toThrow(ZipRefused);
  });
});

const plain = { fileName: 'a', externalFileAttributes: 0, versionMadeBy: 0, generalPurposeBitFlag: 0 };

describe('choosing the model of a folder', () => {
  it.each([
    [['a.stl', 'b.glb', 'c.obj'], 'b.glb'],
    [['deep/x.obj', 'y.obj'], 'y.obj'],
    [['b.obj', 'a.obj'], 'a.obj'],
    [['textures/a.png', 'Model.BLEND'], 'Model.BLEND'],
  ])('%j', (files, expected) => {
    expect(chooseMain(files)?.path).toBe(expected);
  });

  it('finds none among textures', () => {
    expect(chooseMain(['a.png', 'b.zip', 'readme.txt'])).toBeUndefined();
  });
});
