import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRoomState } from '../bililive/room-state.ts';
import { TakenFiles } from '../bililive/taken-files.ts';
import { LEDGER_FILE, Ledger, readLedger } from '../ledger/ledger.ts';
import { readIfThere, sizeIfThere } from './if-there.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-there-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('what is not there is nothing, and what is there is what it is', async () => {
  writeFileSync(join(folder, 'file'), 'abc');
  expect((await readIfThere(join(folder, 'file')))?.toString()).toBe('abc');
  expect(await sizeIfThere(join(folder, 'file'))).toBe(3);
  for (const none of ['none', 'none/none', 'file/none']) {
    expect(await readIfThere(join(folder, none))).toBeUndefined();
    expect(await sizeIfThere(join(folder, none))).toBeUndefined();
  }
});

it('what the disk does not give for a moment is asked for again', async () => {
  const path = join(folder, 'file');
  symlinkSync(path, path);
  const read = readIfThere(path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  rmSync(path);
  writeFileSync(path, 'abc');
  expect((await read)?.toString()).toBe('abc');
});

// A folder and a link that leads to itself stand for what a disk may say for a while: they can be made by anybody.
it.each<[what: string, name: string, look: (path: string) => Promise<unknown>]>([
  ['a ledger', LEDGER_FILE, () => Ledger.open(folder, systemClock)],
  ['a ledger that is only looked at', LEDGER_FILE, () => readLedger(folder)],
  ['the list of files that were taken in', 'taken.jsonl', (path) => TakenFiles.open(path)],
  ['the state of a room', 'room.json', (path) => readRoomState(path, 1)],
])('%s that can’t be read is not empty: all that it knows would be forgotten', async (_what, name, look) => {
  mkdirSync(join(folder, name));
  await expect(look(join(folder, name))).rejects.toThrow('EISDIR');
});
