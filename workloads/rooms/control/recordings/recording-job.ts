import type { JobKind } from '@backlot/control/workload';
import { z } from 'zod';
import { SFU } from '../../contract/media/settings.ts';
import { RecordParameters, taskKinds } from '../../contract/tasks.ts';

export const RecordingJobParameters = RecordParameters.extend({ nodeId: z.uuid() });
export type RecordingJobParameters = z.infer<typeof RecordingJobParameters>;

/** Writing what comes by the loopback costs little; memory is for the buffers of some dozens of tracks. */
const recordCost = { cpu: 0.1, memory: 96 * 1024 * 1024 } as const;

/**
 * One recording: one task on the node where the room's media is, because that is where the packets are. Its class is live:
 * it is never preempted, and when its process dies it goes on at once, as the next part.
 */
export const recordingJob: JobKind<RecordingJobParameters> = {
  parameters: RecordingJobParameters,
  internal: true,
  plan: ({ parameters: { nodeId, ...parameters } }) => [
    {
      key: 'record',
      kind: taskKinds.record,
      class: 'live',
      parameters,
      resources: { ...recordCost },
      constraints: { capabilities: [{ name: SFU }], nodes: [nodeId] },
      retry: { maxAttempts: 20, backoffMs: 100, maxBackoffMs: 2_000 },
      limits: { stopGraceMs: 10_000 },
    },
  ],
};
