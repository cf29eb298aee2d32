import type { HostDefinition } from '@backlot/node/workload';
import { programFile } from '@backlot/node/workload';
import { RECORDER_HOST } from '../../contract.ts';
import { shardLaunch } from './shard-launch.ts';

const program = programFile(import.meta.url, './shard-main');

/**
 * The processes in which channels are recorded: fifty each, so that a crash stops no more than fifty, and is started anew
 * in the same folders at once. Never recycled: channels have no natural end.
 */
export const recorderHost: HostDefinition = {
  kind: RECORDER_HOST,
  launch: async ({ capabilities }) => shardLaunch(program, capabilities),
  idleMs: 60_000,
  capacity: 50,
  hungMs: 30_000,
  revive: true,
};
