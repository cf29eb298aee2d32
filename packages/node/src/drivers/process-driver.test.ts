import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { describeDriverContract } from '@backlot/testkit/driver-contract';
import { expect, vi } from 'vitest';
import type { ProcessEntry } from '../processes/identity.ts';
import { nodeMark } from '../processes/marks.ts';
import { openMachine } from './machine.ts';

const isLiving = ({ state }: ProcessEntry) => state !== 'zombie';

describeDriverContract('process', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'backlot-process-driver-'));
  const machine = await openMachine({ dataDir, clock: systemClock });
  return {
    driver: machine.driver,
    restarted: async () => (await openMachine({ dataDir, clock: systemClock })).driver,
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
});
