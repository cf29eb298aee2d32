import type { StepKind } from '@backlot/contract';
import { probeStep } from './probe-step.ts';
import { remuxStep } from './remux-step.ts';
import { sheetStep } from './sheet-step.ts';
import { thumbnailStep } from './thumbnail-step.ts';
import { transcodeStep } from './transcode-step.ts';

/** What ffmpeg does for flows; the same objects on the control plane and on nodes. */
// biome-ignore lint/suspicious/noExplicitAny: step kinds differ in their parameters; the engine checks each by its schema.
export const transcodeSteps: readonly StepKind<any>[] = [
  transcodeStep,
  remuxStep,
  probeStep,
  thumbnailStep,
  sheetStep,
];
