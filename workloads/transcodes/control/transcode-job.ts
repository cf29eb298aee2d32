import type { JobKind } from '@backlot/control/workload';
import { encodeDraft, TranscodeJob } from '../contract.ts';

/** A transcode is one task: what it needs is in its settings, and what it does in an attempt is the node's to decide. */
export const transcodeJob: JobKind<TranscodeJob> = {
  parameters: TranscodeJob,
  plan: ({ parameters }) => [encodeDraft(parameters)],
  follow: ({ ended }) => (ended.state === 'succeeded' ? { facts: { result: ended.result } } : {}),
};
