import type { NodeWorkload } from '@backlot/node/workload';
import { nodePhrases } from '../contract/node-phrases.ts';
import { INSTANCE_TASK } from '../contract.ts';
import { instanceExecutor } from './instance/instance-executor.ts';
import { streamsProbe } from './probe/streams-probe.ts';

/** What streams bring to a node: applications run on it, and are watched, reset and looked at. */
export const streamsNode: NodeWorkload = {
  name: 'streams',
  probes: [streamsProbe],
  phrases: nodePhrases,
  executors: { [INSTANCE_TASK]: instanceExecutor },
};
