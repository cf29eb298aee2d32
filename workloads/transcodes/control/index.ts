import type { ControlWorkload } from '@backlot/control/workload';
import {
  EncodeParameters,
  EncodeResult,
  TRANSCODE_JOB,
  TRANSCODE_TASK,
  transcodePhrases,
} from '../contract.ts';
import { transcodeRoutes } from './routes.ts';
import { transcodeJob } from './transcode-job.ts';

/** What transcodes bring to the control plane: ffmpeg as a service, for people and for flows. */
export const transcodesControl: ControlWorkload = {
  name: 'transcodes',
  phrases: transcodePhrases,
  taskKinds: { [TRANSCODE_TASK]: { parameters: EncodeParameters, result: EncodeResult } },
  jobKinds: { [TRANSCODE_JOB]: transcodeJob },
  routes: transcodeRoutes,
};
