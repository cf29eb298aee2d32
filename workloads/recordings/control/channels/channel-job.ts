import { Id } from '@backlot/contract';
import type { JobKind } from '@backlot/control/workload';
import { z } from 'zod';
import { ENGINE, ENGINE_HOST, ENGINE_TASK } from '../../contract/engine.ts';
import { INGEST_HOST, RECORDER, RECORDER_HOST, WATCH_TASK, WatchParameters } from '../../contract/watch.ts';

export const ChannelJobParameters = z.object({
  watch: WatchParameters,
  pool: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  /** Recorded there before. */
  prefer: z.array(Id),
  /** Bits per second that are expected. */
  expectedBitrate: z.number(),
});
export type ChannelJobParameters = z.infer<typeof ChannelJobParameters>;

const MiB = 1024 * 1024;
/** A node takes a channel when there is room for two hours of it: time to notice, and to upload. */
const forecastS = 2 * 60 * 60;

/** One task, placed somewhere at all times, in a host with others. Live: it is never preempted, and moves when its node is lost. */
export const channelJob: JobKind<ChannelJobParameters> = {
  parameters: ChannelJobParameters,
  internal: true,
  plan: ({ parameters: { watch, pool, labels, prefer, expectedBitrate } }) => {
    const { kind } = watch.source;
    const engine = kind === 'bililive';
    return [
      {
        key: 'watch',
        kind: engine ? ENGINE_TASK : WATCH_TASK,
        class: 'live',
        parameters: watch,
        // Measured: 0.1 % of a core and less than a megabyte for each 3 Mbit/s in a shard of fifty; doubled and rounded.
        resources: { cpu: 0.01, memory: 4 * MiB, disk: Math.ceil((expectedBitrate / 8) * forecastS) },
        constraints: {
          capabilities: [
            { name: engine ? ENGINE : RECORDER },
            ...(kind === 'resolver' ? [{ name: watch.source.resolver }] : []),
          ],
          ...(pool === null ? {} : { pool }),
          labels,
          prefer,
        },
        host: engine ? ENGINE_HOST : kind === 'push' ? INGEST_HOST : RECORDER_HOST,
        retry: { maxAttempts: 100, backoffMs: 250, maxBackoffMs: 10_000 },
        limits: { stopGraceMs: 15_000 },
      },
    ];
  },
};
