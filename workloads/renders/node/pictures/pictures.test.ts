import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, systemClock } from '@backlot/contract';
import { createRunCommand } from '@backlot/node/probes/run-command';
import { systemProcessTable } from '@backlot/node/processes/system-process-table';
import { plainFile } from '@backlot/node/workload';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture, PictureUnreadable } from './decode.ts';
import { sizeFromHeader } from './header.ts';
import { judgePicture, measurePixels } from './measure.ts';
import { publishPicture, stripExr, stripJpeg, stripPng } from './strip-metadata.ts';

let folder: string;
const formats = ['png', 'jpeg', 'exr'] as const;
const files = { png: 'a.png', jpeg: 'a.jpg', exr: 'a.exr' };
const tools = {
  run: createRunCommand({
    table: systemProcessTable(),
    clock: systemClock,
    owner: newId(),
    instance: newId(),
  }),
  ffmpeg: 'ffmpeg',
  signal: new AbortController().signal,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-pictures-'));
  for (const file of Object.values(files)) {
    const made = spawnSync(
      'ffmpeg',
      [
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        'testsrc2=s=96x64',
        '-frames:v',
        '1',
        '-pix_fmt',
        file.endsWith('exr') ? 'gbrpf32le' : file.endsWith('jpg') ? 'yuvj420p' : 'rgb24',
        '-metadata',
        'comment=secret',
        join(folder, file),
      ],
      { timeout: 60_000 },
    );
    if (made.status !== 0) throw new Error(made.stderr.toString());
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A picture whose pixels come from a function; RGBA. */
function picture(width: number, height: number, pixel: (x: number, y: number) => readonly number[]): PNG {
  const png = new PNG({ width, height });
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) png.data.set(pixel(x, y), 4 * (y * width + x));
  return png;
}
const expected = { width: 4, height: 4, transparent: false, magenta: 0, acceptBlack: false };
const judge = (pixel: (x: number, y: number) => readonly number[], change: object = {}) =>
  judgePicture({ width: 4, height: 4 }, measurePixels(picture(4, 4, pixel).data), { ...expected, ...change });

describe('judging a picture', () => {
  it('takes what shows something', () => {
    expect(judge((x) => [x * 60, 80, 90, 255])).toBeUndefined();
  });
  it('refuses what is black, unless that is meant', () => {
    expect(judge(() => [1, 1, 1, 255])).toBe('it is black');
    expect(judge(() => [1, 1, 1, 255], { acceptBlack: true })).toBeUndefined();
  });
  it('refuses what is wholly transparent, whatever colour hides there', () => {
    expect(judge(() => [200, 200, 200, 0])).toBe('it is wholly transparent');
  });
  it('refuses missing-texture colour beyond what is known', () => {
    const quarter = (x: number) => (x === 0 ? [230, 60, 220, 255] : [120, 120, 120, 255]);
    expect(judge(quarter)).toBe('25 % of it has the colour of a missing texture');
    expect(judge(quarter, { magenta: 0.25 })).toBeUndefined();
  });
  it('does not take pink, purple and red for it', () => {
    for (const colour of [
      [255, 182, 193],
      [128, 0, 60],
      [200, 40, 40],
      [90, 80, 200],
    ])
      expect(judge(() => [...colour, 255])).toBeUndefined();
  });
  it('refuses another size', () => {
    const stats = measurePixels(picture(4, 4, () => [100, 100, 100, 255]).data);
    expect(judgePicture({ width: 4, height: 3 }, stats, expected)).toBe('it has 4x3 pixels instead of 4x4');
  });
});

describe('opening pictures', () => {
  it.each(formats)('reads size and pixels of a %s', async (format) => {
    const { size, stats } = await decodePicture(join(folder, files[format]), format, tools);
    expect(size).toEqual({ width: 96, height: 64 });
    expect(stats.coverage).toBe(1);
    expect(stats.max).toBeGreaterThan(0.5);
  });

  it.each(formats)('refuses a %s that is cut off, empty, or something else', async (format) => {
    const data = await readFile(join(folder, files[format]));
    const path = join(folder, `broken-${files[format]}`);
    for (const bytes of [
      data.subarray(0, data.length >> 1),
      Buffer.alloc(0),
      Buffer.from('no picture'),
      data.subarray(0, 20),
    ]) {
      await writeFile(path, bytes);
      await expect(decodePicture(path, format, tools)).rejects.toThrow(PictureUnreadable);
    }
  });

  it('never throws for any header', () => {
    for (const format of formats)
      for (let length = 0; length < 64; length += 1)
        expect(sizeFromHeader(Buffer.alloc(length, 0xff), format)).toBeUndefined();
  });
});

describe('taking metadata out', () => {
  it.each(formats)('keeps every pixel of a %s, and no word', async (format) => {
    const source = join(folder, files[format]);
    const marked = join(folder, `marked-${files[format]}`);
    await writeFile(marked, markers[format](await readFile(source)));
    expect((await readFile(marked)).toString('latin1')).toContain('/secret/path');
    const target = join(folder, `clean-${files[format]}`);
    await publishPicture(marked, target, format);
    const cleaned = await readFile(target);
    expect(cleaned.toString('latin1')).not.toContain('secret');
    const pixelsOf = (path: string) =>
      spawnSync(
        'ffmpeg',
        ['-v', 'error', '-xerror', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
        { timeout: 60_000 },
      );
    const [before, after] = [pixelsOf(source), pixelsOf(target)];
    expect(after.status, after.stderr.toString()).toBe(0);
    expect(after.stdout.equals(before.stdout)).toBe(true);
    expect(after.stdout.length).toBe(96 * 64 * 3);
  });

  it('leaves a clean file as it is', async () => {
    const png = PNG.sync.write(picture(8, 8, (x, y) => [x * 9, y * 9, 7, 255]));
    expect(stripPng(png).equals(png)).toBe(true);
    const once = stripJpeg(await readFile(join(folder, files.jpeg)));
    expect(stripJpeg(once).equals(once)).toBe(true);
    const exr = stripExr(await readFile(join(folder, files.exr)));
    expect(stripExr(exr).equals(exr)).toBe(true);
  });
});

/** Puts a path into each format the way a renderer does. */
const markers = {
  png(data: Buffer): Buffer {
    const text = Buffer.from('File\0/secret/path');
    const chunk = Buffer.alloc(12 + text.length);
    chunk.writeUInt32BE(text.length, 0);
    chunk.write('tEXt', 4, 'latin1');
    text.copy(chunk, 8);
    // The checksum is not looked at by the one who takes the chunk out.
    return Buffer.concat([data.subarray(0, 33), chunk, data.subarray(33)]);
  },
  jpeg(data: Buffer): Buffer {
    const text = Buffer.from('/secret/path');
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
    return Buffer.concat([data.subarray(0, 2), comment, data.subarray(2)]);
  },
  exr(data: Buffer): Buffer {
    const value = Buffer.from('/secret/path');
    const size = Buffer.alloc(4);
    size.writeInt32LE(value.length);
    const attribute = Buffer.concat([Buffer.from('File\0string\0'), size, value]);
    const lines = 64;
    // Where the header ends: after the attributes, a single zero byte.
    let end = 8;
    let perChunk = 1;
    while (data[end] !== 0) {
      const name = data.toString('latin1', end, data.indexOf(0, end));
      const type = data.indexOf(0, data.indexOf(0, end) + 1);
      if (name === 'compression') perChunk = [1, 1, 1, 16, 32, 16][data[type + 5] ?? 0] ?? 1;
      end = type + 5 + data.readInt32LE(type + 1);
    }
    const offsets = Buffer.from(data.subarray(end + 1, end + 1 + 8 * Math.ceil(lines / perChunk)));
    for (let i = 0; i < offsets.length; i += 8)
      offsets.writeBigUInt64LE(offsets.readBigUInt64LE(i) + BigInt(attribute.length), i);
    return Buffer.concat([
      data.subarray(0, end),
      attribute,
      data.subarray(end, end + 1),
      offsets,
      data.subarray(end + 1 + offsets.length),
    ]);
  },
};

describe('files in a folder that belongs to somebody else', () => {
  it('are taken only when they are plain', async () => {
    await writeFile(join(folder, 'plain'), 'x');
    await symlink('/etc/hostname', join(folder, 'link'));
    await symlink('/etc', join(folder, 'linked-folder'));
    expect(await plainFile(folder, 'plain')).toBe(join(folder, 'plain'));
    await expect(plainFile(folder, 'link')).rejects.toThrow('no plain file');
    await expect(plainFile(folder, 'linked-folder/hostname')).rejects.toThrow('no plain file');
    await expect(plainFile(folder, 'nothing')).rejects.toThrow('not there');
  });
});
