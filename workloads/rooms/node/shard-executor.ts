import type { HostedExecutor } from '@backlot/node/workload';
import { MEDIA_HOST } from '../contract/media/settings.ts';
import { ShardParameters, ShardResult } from '../contract/tasks.ts';
import { failure } from './failures.ts';
import { tapPath } from './record/tap-protocol.ts';

/** A room's place on a node. It has no outputs; recordings are tasks of their own. */
export const shardExecutor: HostedExecutor<ShardParameters> = {
  parameters: ShardParameters,
  host: MEDIA_HOST,
  prepare: async ({ parameters, offer }) => ({ ...parameters, tap: tapPath(offer.allocation) }),
  async conclude({ hostResult, exit }) {
    const result = ShardResult.safeParse(hostResult);
    if (result.success) return { outcome: 'ok', outputs: [], result: result.data };
    const how = exit.signal ?? exit.cause;
    return { outcome: 'failed', failure: failure('crash', 'rooms.host_lost', { how }) };
  },
};
