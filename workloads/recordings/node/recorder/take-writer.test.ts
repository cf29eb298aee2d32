import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LEDGER_FILE, Ledger } from '../ledger/ledger.ts';
import { nodeDisk } from '../segments/disk-port.ts';
import { DiskSync } from '../segments/disk-sync.ts';
import { newFacts } from './media.ts';
import { TakeWriter } from './take-writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-take-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Whatever a kill -9 leaves: a file that no ledger knows would be lost, and in the way of the next process, which would
 * count its takes from what the ledger says.
 */
it('has its take and its segment in the ledger before the segment has a file, and its bytes in the file at once', async () => {
  const ledger = await Ledger.open(folder, systemClock);
  const sync = new DiskSync(systemClock);
  const rows = () => readFileSync(join(folder, LEDGER_FILE), 'utf8');
  const order: string[] = [];
  const disk: typeof nodeDisk = {
    ...nodeDisk,
    create(path) {
      order.push(rows().includes('"t":"take"') ? 'take' : '', rows().includes('"t":"open"') ? 'open' : '');
      return nodeDisk.create(path);
    },
  };
  ledger.add({ t: 'broadcast', id: 'b', wall: 1 }, { t: 'take', take: 't', number: 1 });
  const writer = new TakeWriter(
    {
      ...{ id: 't', number: 1, folder: 't1-1', broadcast: 'b', container: 'ts', why: 'start' },
      resumed: false,
    },
    {
      ...{ workDir: folder, disk, sync, ledger, title: () => undefined },
      onClosed: () => {},
      onGaps: () => {},
      onDiskFailure: (error) => {
        throw error;
      },
    },
  );
  const facts = { ...newFacts(), firstMs: 0, lastMs: 0 };
  writer.begin({ cause: 'start', facts, setup: {} });
  const bytes = Buffer.alloc(188, 0x47);
  writer.write(bytes);
  facts.bytes = facts.wholeBytes = bytes.length;
  writer.arrived(0);
  // Nothing was awaited: a process that is killed here has lost nothing.
  expect(order).toEqual(['take', 'open']);
  expect(readFileSync(join(folder, 't1-1/s00001.ts.part'))).toEqual(bytes);
  writer.position('7');
  expect(rows()).toContain('"t":"position"');
  await writer.end();
  expect(existsSync(join(folder, 't1-1/s00001.ts.part'))).toBe(false);
  expect(ledger.state.outputs).toHaveLength(1);
  sync.close();
  await ledger.close();
});
