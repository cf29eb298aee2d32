import type { NodeWorkload } from '@backlot/node/workload';
import { MEDIA_HOST } from '../contract/media/settings.ts';
import { roomNodePhrases } from '../contract/node-phrases.ts';
import { taskKinds } from '../contract/tasks.ts';
import { mediaHost } from './media-host-definition.ts';
import { recordExecutor } from './record/record-executor.ts';
import { shardExecutor } from './shard-executor.ts';
import { sfuProbe } from './worker/probe.ts';

/** What rooms bring to a node: a proof of its media worker, the process that holds all its rooms, and a room's place in it. */
export const roomsNode: NodeWorkload = {
  name: 'rooms',
  phrases: roomNodePhrases,
  probes: [sfuProbe],
  executors: { [taskKinds.shard]: shardExecutor, [taskKinds.record]: recordExecutor },
  hosts: { [MEDIA_HOST]: mediaHost },
};
