import type { HostedExecutor } from '@backlot/node/workload';
import { ENGINE_HOST, WatchParameters, WatchResult } from '../../contract.ts';
import { recordingFailure } from '../shard/failures.ts';

/** A room's place in the engine of a node. What was recorded is told while it runs; what is left lies in the recorder's folder. */
export const engineExecutor: HostedExecutor<WatchParameters> = {
  parameters: WatchParameters,
  host: ENGINE_HOST,
  prepare: async ({ parameters, offer }) => ({ rules: parameters, fence: offer.fence }),
  async conclude({ hostResult, exit }) {
    const result = WatchResult.safeParse(hostResult);
    if (result.success && hostResult !== null) return { outcome: 'ok', outputs: [], result: result.data };
    const how = exit.signal ?? exit.cause;
    return { outcome: 'failed', failure: recordingFailure('crash', 'recordings.shard_lost', { how }) };
  },
};
