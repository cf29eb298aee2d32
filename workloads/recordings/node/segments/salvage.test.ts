import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeSample, type Sample } from '../../test/sources/sample.ts';
import type { LedgerRow, OpenSegment } from '../ledger/rows.ts';
import { applyRow, emptyLedger } from '../ledger/state.ts';
import { salvage } from './salvage.ts';
import { digestOf } from './segment-file.ts';

let folder: string;
let film: Buffer;
beforeAll(() => {
  const made = mkdtempSync(join(tmpdir(), 'backlot-salvage-film-'));
  const sample: Sample = makeSample(made, { seconds: 1, gopSeconds: 1 });
  film = readFileSync(sample.path);
  rmSync(made, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-salvage-'));
  mkdirSync(join(folder, 't1-1'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const segment = (name: string, more: Partial<OpenSegment> = {}): OpenSegment => ({
  name,
  container: 'flv',
  broadcast: 'b',
  take: 't',
  takeNumber: 1,
  number: 1,
  part: 1,
  cause: 'start',
  baseMs: 0,
  startsWithKeyframe: true,
  codecs: ['h264', 'aac'],
  width: 160,
  height: 90,
  setup: {},
  wall: 1_000,
  anchor: 1_000,
  newClock: true,
  ...more,
});
const after = (...rows: readonly LedgerRow[]) =>
  [{ t: 'broadcast', id: 'b', wall: 1 } as const, ...rows].reduce(applyRow, emptyLedger);
const open = (name: string, more?: Partial<OpenSegment>): LedgerRow => ({
  t: 'open',
  segment: segment(name, more),
});
const position = (name: string, bytes: number): LedgerRow => ({ t: 'position', name, bytes, token: '7' });
const name = 't1-1/s00002.flv';
const torn = (bytes: Buffer) => writeFileSync(join(folder, `${name}.part`), bytes);

describe('what a killed process has left', () => {
  it('is kept up to its last whole tag, under its name, and a second salvage comes to the same', async () => {
    torn(film.subarray(0, film.length - 7));
    const state = after(open(name));
    const rows = await salvage(folder, state, 'restart');
    expect(rows).toMatchObject([
      { t: 'closed', name, output: { name, meta: { torn: true, videoFrames: expect.any(Number) } } },
    ]);
    expect(existsSync(join(folder, `${name}.part`))).toBe(false);
    // The process was killed again before the row was written: the file stands under its name by then.
    const [again] = await salvage(folder, state, 'restart');
    expect(again).toMatchObject({ output: { digest: await digestOf(join(folder, name)) } });
    expect(rows.reduce(applyRow, state).open).toEqual([]);
    expect(await salvage(folder, rows.reduce(applyRow, state), 'restart')).toEqual([]);
  });

  it('ends at the last whole piece where the source gives pieces', async () => {
    const bytes = Math.floor(film.length / 2);
    torn(film);
    await salvage(folder, after(open(name), position(name, bytes)), 'restart');
    expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(bytes);
  });

  it.each([
    ['on the same connection', 't1-1/s00001.flv', {}],
    ['on another one that goes on from it', 't1-0/s00009.flv', { sameClock: true }],
  ])(
    'is nothing where a piece was begun behind the last one that was noted, %s: it is asked for again',
    async (_, noted, more) => {
      torn(film);
      const [row] = await salvage(folder, after(position(noted, 100), open(name, more)), 'restart');
      expect(row).toMatchObject({ name, output: null });
      expect(existsSync(join(folder, `${name}.part`))).toBe(false);
      expect(existsSync(join(folder, name))).toBe(false);
    },
  );

  it('is kept where only an earlier connection gave pieces', async () => {
    torn(film);
    const [row] = await salvage(folder, after(position('t1-0/s00009.ts', 100), open(name)), 'restart');
    expect(row).toMatchObject({ output: { name } });
  });

  it('is nothing where there is no file, or none with a frame', async () => {
    expect(await salvage(folder, after(open(name)), 'restart')).toMatchObject([{ output: null }]);
    torn(film.subarray(0, 13));
    expect(await salvage(folder, after(open(name)), 'restart')).toMatchObject([{ output: null }]);
    expect(existsSync(join(folder, `${name}.part`))).toBe(false);
  });

  it('is not given up where the disk does not say what there is', async () => {
    const part = join(folder, `${name}.part`);
    // Stands for any fault that may pass: a name that leads to itself.
    symlinkSync(part, part);
    await expect(salvage(folder, after(open(name)), 'restart')).rejects.toThrow('ELOOP');
    rmSync(part);
    torn(film);
    expect(await salvage(folder, after(open(name)), 'restart')).toMatchObject([{ output: { name } }]);
  });
});
