import type { NodeWorkload } from '@backlot/node/workload';
import { renderPhrases, taskKinds } from '../contract.ts';
import { assembleExecutor } from './assemble/assemble-executor.ts';
import { blenderProbe } from './blender/probe.ts';
import { framesExecutor } from './frames/frames-executor.ts';
import { importExecutor } from './import/import-executor.ts';

/** What renders bring to a node: a proof of what its Blender can do, and three kinds of tasks. */
export const rendersNode: NodeWorkload = {
  name: 'renders',
  probes: [blenderProbe],
  phrases: renderPhrases,
  executors: {
    [taskKinds.import]: importExecutor,
    [taskKinds.frames]: framesExecutor,
    [taskKinds.assemble]: assembleExecutor,
  },
};
