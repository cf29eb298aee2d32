import type { NodeWorkload } from '@backlot/node/workload';
import {
  CHECK_TASK,
  REMUX_TASK,
  SHEET_TASK,
  THUMBNAIL_TASK,
  TRANSCODE_TASK,
  transcodePhrases,
  transcodeSteps,
} from '../contract.ts';
import { checkExecutor } from './check/check-executor.ts';
import { encodeExecutor } from './encode/encode-executor.ts';
import { sheetExecutor } from './pictures/sheet-executor.ts';
import { thumbnailExecutor } from './pictures/thumbnail-executor.ts';
import { remuxExecutor } from './remux/remux-executor.ts';

/** What transcodes bring to a node. That ffmpeg is there, and which encoders work, the kernel's own probe proves. */
export const transcodesNode: NodeWorkload = {
  name: 'transcodes',
  phrases: transcodePhrases,
  steps: transcodeSteps,
  executors: {
    [TRANSCODE_TASK]: encodeExecutor,
    [REMUX_TASK]: remuxExecutor,
    [CHECK_TASK]: checkExecutor,
    [THUMBNAIL_TASK]: thumbnailExecutor,
    [SHEET_TASK]: sheetExecutor,
  },
};
