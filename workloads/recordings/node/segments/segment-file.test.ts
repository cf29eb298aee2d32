import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk, type SegmentDisk } from './disk-port.ts';
import { SegmentFile } from './segment-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-segment-'));
  path = join(folder, 's00001.flv');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const pieces = (count: number) => Array.from({ length: count }, (_, n) => Buffer.from(`piece ${n}, `));
const failures: Error[] = [];
const open = (disk: SegmentDisk) => {
  failures.length = 0;
  return new SegmentFile(disk, path, (error) => failures.push(error));
};

describe('the file of a segment', () => {
  it('has everything with the system when flush returns, also of more pieces than the system takes at once', async () => {
    const file = open(nodeDisk);
    const all = pieces(3_000);
    for (const piece of all) file.write(piece);
    file.flush();
    const bytes = Buffer.concat(all);
    expect(readFileSync(`${path}.part`).equals(bytes)).toBe(true);
    // The pieces may be used for something else now.
    for (const piece of all) piece.fill(0);
    expect(await file.finish(bytes.length)).toEqual({ bytes: bytes.length, digest: sha256(bytes) });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it('goes on where the system took less than all, and hashes each byte once', async () => {
    const file = open({
      ...nodeDisk,
      write: (fd, buffers) => nodeDisk.write(fd, [Buffer.concat(buffers).subarray(0, 11)]),
    });
    for (const piece of pieces(20)) file.write(piece);
    const bytes = Buffer.concat(pieces(20));
    expect(await file.finish(bytes.length)).toEqual({ bytes: bytes.length, digest: sha256(bytes) });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('is cut where the last piece is not whole', async () => {
    const file = open(nodeDisk);
    file.write(Buffer.from('whole, and a beg'));
    expect(await file.finish(5)).toEqual({ bytes: 5, digest: sha256(Buffer.from('whole')) });
    expect(readFileSync(path, 'utf8')).toBe('whole');
  });

  it.each<[string, Partial<SegmentDisk>]>([
    ['can not be made', { create: () => noSpace() }],
    ['can not be written', { write: () => noSpace() }],
    ['takes nothing', { write: () => 0 }],
  ])('tells once, and never in the middle of a write, that it %s', async (_, broken) => {
    const file = open({ ...nodeDisk, ...broken });
    file.write(Buffer.from('bytes'));
    file.flush();
    file.write(Buffer.from('more'));
    file.flush();
    expect(failures).toEqual([]);
    await Promise.resolve();
    expect(failures).toHaveLength(1);
    expect(file.failure).toBe(failures[0]);
    // What there is of it is for the salvage.
    expect(await file.finish(5)).toBeUndefined();
    expect(existsSync(path)).toBe(false);
  });
});

function noSpace(): never {
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}
