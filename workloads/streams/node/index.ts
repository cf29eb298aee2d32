import type { NodeWorkload } from '@backlot/node/workload';

/** What streams bring to a node. */
export const streamsNode: NodeWorkload = { name: 'streams', executors: {} };
