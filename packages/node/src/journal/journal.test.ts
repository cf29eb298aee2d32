import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from './journal.ts';
import { formatLine, parseLines } from './record-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const some = [
  { r: 'one', text: 'ä\n"' },
  { r: 'two', list: [1, 2, 3] },
  { r: 'three', deep: { a: null } },
];

describe('journal', () => {
  it('gives back what was appended, in order, after being opened again', async () => {
    const path = join(folder, 'journal');
    const { journal } = await Journal.open(path);
    await Promise.all(some.map((record) => journal.append(record)));
    await journal.close();
    const again = await Journal.open(path);
    expect(again.records).toEqual(some);
    await again.journal.append({ r: 'four' });
    await again.journal.close();
    const last = await Journal.open(path);
    expect(last.records).toEqual([...some, { r: 'four' }]);
    await last.journal.close();
  });

  it('keeps every whole record and nothing else when torn at any byte, and goes on from there', async () => {
    const path = join(folder, 'journal');
    const lines = some.map(formatLine);
    const whole = Buffer.from(lines.join(''));
    const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
    for (let cut = 0; cut <= whole.length; cut += 1) {
      await writeFile(path, whole.subarray(0, cut));
      const { journal, records } = await Journal.open(path);
      const kept = ends.filter((end) => end <= cut).length;
      expect(records).toEqual(some.slice(0, kept));
      await journal.append({ r: 'after' });
      await journal.close();
      expect(parseLines(await readFile(path)).records).toEqual([...some.slice(0, kept), { r: 'after' }]);
    }
  });

  it('never believes a record of which any byte has changed', () => {
    const whole = Buffer.from(some.map(formatLine).join(''));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(whole);
        damaged.writeUInt8((damaged.readUInt8(at) ^ change) & 0xff, at);
        const { records } = parseLines(damaged);
        expect(records).toEqual(some.slice(0, records.length));
        expect(records.length).toBeLessThan(some.length);
      }),
    );
  });

  it('writes many records that come at once in few syncs, all of them before any is confirmed', async () => {
    const path = join(folder, 'journal');
    const { journal } = await Journal.open(path);
    const count = 500;
    await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        await journal.append({ n });
        expect((await readFile(path, 'utf8')).includes(`"n":${n}}`)).toBe(true);
      }),
    );
    await journal.close();
    const { records, journal: again } = await Journal.open(path);
    expect(records).toEqual(Array.from({ length: count }, (_, n) => ({ n })));
    await again.close();
  });

  it('refuses to append after it was closed', async () => {
    const { journal } = await Journal.open(join(folder, 'journal'));
    await journal.close();
    await expect(journal.append({})).rejects.toThrow('closed');
  });
});
