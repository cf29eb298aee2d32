import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ledger, readLedger } from '../ledger/ledger.ts';
import { BroadcastBook } from './broadcast-book.ts';
import { ChannelFacts } from './facts.ts';
import { WatchInput } from './watch-input.ts';

const channelId = '01900000-0000-7000-8000-000000000009';
const { rules, fence } = WatchInput.parse({
  rules: { channelId, name: 'a channel', source: { kind: 'http-flv', url: 'http://h/a.flv' } },
  fence: 1,
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-book-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('gives each take a folder of its own, over all broadcasts and restarts', async () => {
  const names: string[] = [];
  for (let broadcast = 0; broadcast < 3; broadcast += 1) {
    const ledger = await Ledger.open(folder, systemClock);
    const facts = new ChannelFacts(channelId, undefined);
    const book = new BroadcastBook({ ledger, facts, rules, fence, wall: () => Date.now() });
    book.begin();
    for (let take = 0; take < 3; take += 1) {
      names.push(book.beginTake('http://h/a.flv').folder);
      book.endTake('reconnect');
    }
    book.end('offline');
    await ledger.close();
  }
  expect(new Set(names).size).toBe(9);
  expect((await readLedger(folder)).takes).toBe(9);
});
