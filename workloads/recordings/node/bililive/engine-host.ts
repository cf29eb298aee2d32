import type { HostDefinition } from '@backlot/node/workload';
import { programFile } from '@backlot/node/workload';
import { ENGINE_HOST } from '../../contract.ts';
import { toolVariables } from '../shard/tools.ts';

const program = programFile(import.meta.url, './engine-main');

/** One for each node, because there is one BililiveRecorder; started anew when it dies, in the same folders. */
export const engineHost: HostDefinition = {
  kind: ENGINE_HOST,
  launch: async ({ capabilities }) => ({
    argv: [process.execPath, '--no-warnings', program],
    env: {
      ...toolVariables(capabilities, process.env),
      // The one secret that it needs; others are kept from it.
      ...(process.env.BACKLOT_BILILIVE_PASS === undefined
        ? {}
        : { BACKLOT_BILILIVE_PASS: process.env.BACKLOT_BILILIVE_PASS }),
    },
  }),
  idleMs: 60_000,
  capacity: 1_000,
  hungMs: 60_000,
  revive: true,
};
