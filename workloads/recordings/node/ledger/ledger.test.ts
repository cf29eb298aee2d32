import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEDGER_FILE, Ledger, readLedger } from './ledger.ts';
import type { LedgerRow } from './rows.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fact = (key: string, text = ''): LedgerRow => ({
  t: 'fact',
  fact: { key, kind: 'recordings.title', at: '2026-11-27T00:00:00.000Z', body: { text } },
});
const keysIn = async (path = folder) => (await readLedger(path)).facts.map(({ key }) => key);

describe('the ledger of a channel', () => {
  it('has a row on the disk before anything else can happen', async () => {
    const ledger = await Ledger.open(folder, systemClock);
    ledger.add({ t: 'broadcast', id: 'b', wall: 5 }, { t: 'take', take: 't', number: 1 });
    // No turn of the event loop in between: a kill could come here.
    const lines = readFileSync(join(folder, LEDGER_FILE), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).t)).toEqual(['broadcast', 'take']);
    await ledger.close();
  });

  it('is written anew when it is long, and holds every row at every moment', async () => {
    const ledger = await Ledger.open(folder, systemClock);
    const path = join(folder, LEDGER_FILE);
    const keys: string[] = [];
    let longest = 0;
    for (let n = 0; n < 60; n += 1) {
      const key = `k${n}`;
      keys.push(key);
      ledger.add(fact(key, 'x'.repeat(20_000)));
      // Told already: the file is long and what it comes to is short.
      ledger.add({ t: 'reported', names: [], keys: [key] }, fact(`stays-${n}`));
      longest = Math.max(longest, statSync(path).size);
      expect((await keysIn()).length).toBe(n + 1);
    }
    await ledger.close();
    expect(longest).toBeGreaterThan(512 * 1024);
    expect(statSync(path).size).toBeLessThan(longest);
    expect(await keysIn()).toEqual(keys.map((_, n) => `stays-${n}`));
  });

  it('keeps rows that the disk did not take, in order, and goes on without them', async () => {
    const inside = join(folder, 'channel');
    const aside = join(folder, 'aside');
    mkdirSync(inside);
    const ledger = await Ledger.open(inside, systemClock);
    ledger.add(fact('one'));
    // Gone for a moment: nothing can be appended there.
    renameSync(inside, aside);
    ledger.add(fact('two'));
    ledger.add(fact('three'));
    expect(ledger.state.facts.map(({ key }) => key)).toEqual(['one', 'two', 'three']);
    expect(await keysIn(aside)).toEqual(['one']);
    renameSync(aside, inside);
    await ledger.settled();
    expect(await keysIn(inside)).toEqual(['one', 'two', 'three']);
    await ledger.close();
  });
});
