import type { NodeWorkload } from '@backlot/node/workload';

/** What rooms bring to a node. */
export const roomsNode: NodeWorkload = {
  name: 'rooms',
  executors: {},
};
