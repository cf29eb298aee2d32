import type { ControlWorkload } from '@backlot/control/workload';
import {
  CHECK_TASK,
  CheckParameters,
  CheckResult,
  EncodeParameters,
  EncodeResult,
  REMUX_TASK,
  RemuxParameters,
  RemuxResult,
  SHEET_TASK,
  SheetParameters,
  SheetResult,
  THUMBNAIL_TASK,
  ThumbnailParameters,
  ThumbnailResult,
  TRANSCODE_JOB,
  TRANSCODE_TASK,
  transcodePhrases,
  transcodeSteps,
} from '../contract.ts';
import { transcodeRoutes } from './routes.ts';
import { transcodeJob } from './transcode-job.ts';

/** What transcodes bring to the control plane: ffmpeg as a service, for people and for flows. */
export const transcodesControl: ControlWorkload = {
  name: 'transcodes',
  phrases: transcodePhrases,
  steps: transcodeSteps,
  taskKinds: {
    [TRANSCODE_TASK]: { parameters: EncodeParameters, result: EncodeResult },
    [REMUX_TASK]: { parameters: RemuxParameters, result: RemuxResult },
    [CHECK_TASK]: { parameters: CheckParameters, result: CheckResult },
    [THUMBNAIL_TASK]: { parameters: ThumbnailParameters, result: ThumbnailResult },
    [SHEET_TASK]: { parameters: SheetParameters, result: SheetResult },
  },
  jobKinds: { [TRANSCODE_JOB]: transcodeJob },
  routes: transcodeRoutes,
};
