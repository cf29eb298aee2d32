import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { type DriverUnderTest, describeDriverContract } from '@backlot/testkit/driver-contract';
import { expect, vi } from 'vitest';
import { type Limits, openLimits } from '../limits/limits.ts';
import type { ProcessEntry } from '../processes/identity.ts';
import { nodeMark } from '../processes/marks.ts';
import { openMachine } from './machine.ts';

const isLiving = ({ state }: ProcessEntry) => state !== 'zombie';

async function open(limits?: Limits): Promise<DriverUnderTest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'backlot-process-driver-'));
  const options = { dataDir, clock: systemClock, ...(limits ? { limits } : {}) };
  const machine = await openMachine(options);
  return {
    driver: machine.driver,
    restarted: async () => (await openMachine(options)).driver,
    async close() {
      const { table, owner } = machine;
      // A runner ends a moment after it has told the end of its work.
      await vi.waitFor(async () => {
        expect((await table.withMark(await table.list(), nodeMark, owner)).filter(isLiving)).toEqual([]);
      }, 5_000);
      machine.limits.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

describeDriverContract('process', () => open());
// As on a machine (or for a user) without control groups: the process table stands in for them.
describeDriverContract('process without control groups', () =>
  open(openLimits({ owner: 'none', layout: { v1: {} } })),
);
