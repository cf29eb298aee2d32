import type { JobKind } from '@backlot/control/workload';
import { MEDIA_HOST, SFU } from '../../contract/media/settings.ts';
import { ShardParameters, taskKinds } from '../../contract/tasks.ts';

/** What a room's place costs besides its packets: a router and observers are small. */
const shardCost = { cpu: 0.05, memory: 16 * 1024 * 1024 } as const;

/**
 * The job that holds a room's place in the fleet: one task, hosted by the media host of a node. More shards (edges on
 * other nodes) will be more tasks of the same job.
 */
export const roomJob: JobKind<ShardParameters> = {
  parameters: ShardParameters,
  internal: true,
  plan: ({ parameters }) => [
    {
      key: 'home',
      kind: taskKinds.shard,
      class: 'interactive',
      parameters,
      host: MEDIA_HOST,
      resources: { ...shardCost, packets: parameters.settings.expectedPackets },
      constraints: { capabilities: [{ name: SFU }] },
      // A room is found a new place however often nodes fail it; people wait connected meanwhile.
      retry: { maxAttempts: 100, backoffMs: 200, maxBackoffMs: 5_000 },
      limits: { stopGraceMs: 2_000 },
    },
  ],
};
