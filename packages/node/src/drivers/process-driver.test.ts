import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { describeDriverContract } from '@backlot/testkit/driver-contract';
import { expect } from 'vitest';
import { endTree } from '../processes/end-tree.ts';
import { nodeMark } from '../processes/marks.ts';
import { openMachine } from './machine.ts';

describeDriverContract('process', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'backlot-process-driver-'));
  const machine = await openMachine({ dataDir, clock: systemClock });
  return {
    driver: machine.driver,
    restarted: async () => (await openMachine({ dataDir, clock: systemClock })).driver,
    async close() {
      const { table } = machine;
      const strays = await table.withMark(await table.list(), nodeMark, machine.owner);
      const living = strays.filter(({ state }) => state !== 'zombie');
      await endTree(table, systemClock, { roots: living }, { graceMs: 0 });
      machine.limits.close();
      rmSync(dataDir, { recursive: true, force: true });
      expect(living).toEqual([]);
    },
  };
});
