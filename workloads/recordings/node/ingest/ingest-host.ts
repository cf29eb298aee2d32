import type { HostDefinition } from '@backlot/node/workload';
import { programFile } from '@backlot/node/workload';
import { INGEST_HOST } from '../../contract.ts';
import { shardLaunch } from '../shard/shard-launch.ts';
import { readIngestSettings } from './settings.ts';

const program = programFile(import.meta.url, './ingest-main');

/**
 * The process to which publishers come: one for each node, because it has the port; so it takes as many channels as a node
 * may have. It is a recorder shard beside that, and like one it is started anew when it dies.
 */
export const ingestHost: HostDefinition = {
  kind: INGEST_HOST,
  launch: async ({ capabilities }) => {
    // A setting that makes no sense is told where the allocation fails, not in the log of a process that ends at once.
    readIngestSettings(process.env);
    return shardLaunch(program, capabilities);
  },
  idleMs: 60_000,
  capacity: 1_000,
  hungMs: 30_000,
  revive: true,
};
