import type { NodeWorkload } from '@backlot/node/workload';
import { TRANSCODE_TASK, transcodePhrases } from '../contract.ts';
import { encodeExecutor } from './encode/encode-executor.ts';

/** What transcodes bring to a node. That ffmpeg is there, and which encoders work, the kernel's own probe proves. */
export const transcodesNode: NodeWorkload = {
  name: 'transcodes',
  phrases: transcodePhrases,
  executors: { [TRANSCODE_TASK]: encodeExecutor },
};
