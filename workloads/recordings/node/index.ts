import type { NodeWorkload } from '@backlot/node/workload';
import {
  ENGINE_HOST,
  ENGINE_TASK,
  INGEST_HOST,
  JOIN_TASK,
  RECORDER_HOST,
  recordingSteps,
  WATCH_TASK,
} from '../contract.ts';
import { engineExecutor } from './bililive/engine-executor.ts';
import { engineHost } from './bililive/engine-host.ts';
import { engineProbe } from './bililive/engine-probe.ts';
import { recordingLocalTriggers } from './flows/local-triggers.ts';
import { ingestHost } from './ingest/ingest-host.ts';
import { joinExecutor } from './join/join-executor.ts';
import { recorderProbe } from './probe/recorder-probe.ts';
import { recordingNodePhrases } from './shard/phrases.ts';
import { recorderHost } from './shard/recorder-host.ts';
import { watchExecutor } from './shard/watch-executor.ts';

/** What recordings bring to a node: shards that record channels, a door for publishers, and the joining of what they have recorded. */
export const recordingsNode: NodeWorkload = {
  name: 'recordings',
  phrases: recordingNodePhrases,
  probes: [recorderProbe, engineProbe],
  executors: {
    [WATCH_TASK]: watchExecutor(RECORDER_HOST),
    [JOIN_TASK]: joinExecutor,
    [ENGINE_TASK]: engineExecutor,
  },
  hosts: { [RECORDER_HOST]: recorderHost, [INGEST_HOST]: ingestHost, [ENGINE_HOST]: engineHost },
  steps: recordingSteps,
  triggers: recordingLocalTriggers,
};
