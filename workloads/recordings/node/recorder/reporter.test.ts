import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerFact, LedgerRow, SegmentOutput } from '../ledger/rows.ts';
import { applyRow, emptyLedger } from '../ledger/state.ts';
import { Reporter } from './reporter.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-reporter-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const outputs = Array.from(
  { length: 400 },
  (_, index): SegmentOutput => ({
    name: `s${index}`,
    kind: 'recordings.segment',
    path: `s${index}`,
    mediaType: 'video/x-flv',
    digest: 'd',
    hold: true,
    meta: {},
  }),
);
const facts = Array.from(
  { length: 150 },
  (_, index): LedgerFact => ({ key: `f${index}`, kind: 'recordings.gap', at: '', body: {} }),
);

describe('a reporter with a backlog', () => {
  it('tells every segment before any fact, in order, each once', async () => {
    // Of a ledger it needs what it comes to, and a place for rows.
    const ledger = {
      state: { ...emptyLedger, outputs, facts },
      add(...rows: LedgerRow[]) {
        this.state = rows.reduce(applyRow, this.state);
      },
    };
    const told: string[] = [];
    let before = 0;
    const reporter = new Reporter({
      ledger: ledger as unknown as Ledger,
      async tell(report) {
        if (report.events.length > 0 && before === 0) before = told.length + report.outputs.length;
        told.push(...report.outputs.map(({ name }) => name), ...report.events.map(({ key }) => key));
      },
      workDir: folder,
      log() {},
    });
    await reporter.flushed();
    expect(before).toBe(outputs.length);
    expect(told).toEqual([...outputs.map(({ name }) => name), ...facts.map(({ key }) => key)]);
  });
});
