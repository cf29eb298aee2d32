import { join } from 'node:path';
import type { HostedExecutor } from '@backlot/node/workload';
import { WatchParameters, WatchResult } from '../../contract.ts';
import { readLedger } from '../ledger/ledger.ts';
import type { SegmentOutput } from '../ledger/rows.ts';
import { applyRow } from '../ledger/state.ts';
import { sizeIfThere } from '../segments/if-there.ts';
import { salvage } from '../segments/salvage.ts';
import { recordingFailure } from './failures.ts';

/** A channel's place in a recorder shard of a kind. It has no natural end; what was recorded is reported while it runs. */
export function watchExecutor(host: string): HostedExecutor<WatchParameters> {
  return {
    parameters: WatchParameters,
    host,
    prepare: async ({ parameters, offer }) => ({ rules: parameters, fence: offer.fence }),
    async conclude({ workDir, hostResult, exit, committed, log }) {
      // What the shard could not report before it ended: nobody writes there any more.
      let state = await readLedger(workDir);
      for (const row of await salvage(workDir, state, 'restart')) state = applyRow(state, row);
      const outputs: SegmentOutput[] = [];
      for (const output of state.outputs) {
        const there = await sizeIfThere(join(workDir, output.path));
        if (there !== undefined && !committed.has(output.name)) outputs.push(output);
      }
      if (outputs.length > 0)
        log.info({ segments: outputs.length }, 'segments that their shard did not report');
      const result = WatchResult.safeParse(hostResult);
      if (result.success && hostResult !== null) return { outcome: 'ok', outputs, result: result.data };
      const how = exit.signal ?? exit.cause;
      return {
        outcome: 'failed',
        failure: recordingFailure('crash', 'recordings.shard_lost', { how }),
        outputs,
      };
    },
  };
}
