import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { type DriverUnderTest, describeDriverContract } from '@backlot/testkit/driver-contract';
import { expect, vi } from 'vitest';
import { openLimits } from '../limits/limits.ts';
import type { ProcessEntry } from '../processes/identity.ts';
import { nodeMark } from '../processes/marks.ts';
import { type OpenMachineOptions, openMachine } from './machine.ts';

const isLiving = ({ state }: ProcessEntry) => state !== 'zombie';

async function open(more: Partial<OpenMachineOptions> = {}): Promise<DriverUnderTest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'backlot-process-driver-'));
  const options = { dataDir, clock: systemClock, ...more };
  const machine = await openMachine(options);
  const machines = [machine];
  return {
    driver: machine.driver,
    async restarted() {
      const next = await openMachine(options);
      machines.push(next);
      return next.driver;
    },
    async close() {
      for (const { close } of machines) close();
      const { table, owner } = machine;
      // A runner ends a moment after it has told the end of its work.
      await vi.waitFor(async () => {
        expect((await table.withMark(await table.list(), nodeMark, owner)).filter(isLiving)).toEqual([]);
      }, 90_000);
      for (const { limits } of machines) limits.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

describeDriverContract('process', () => open());
describeDriverContract('process with runners that wait for work', () => open({ spareRunners: 1 }));
// As on a machine (or for a user) without control groups: the process table stands in for them.
describeDriverContract('process without control groups', () =>
  open({ limits: openLimits({ owner: 'none', layout: { v1: {} } }) }),
);
