import { TaskInput } from '@backlot/contract';
import { z } from 'zod';
import { ModelFacts } from './model.ts';
import { RenderSettings } from './settings.ts';

export const RENDER_JOB = 'renders.render';

/** What a render job is made from. The files are named by content; the settings are what the person chose. */
export const RenderJob = z.object({
  /** The library's model, when it came from there. */
  modelId: z.uuid().nullable().default(null),
  /** Input that holds the model: a model file, or a zip with a model inside. */
  main: z.string(),
  /** All files of the model by their relative names, the main one among them. */
  files: z.array(TaskInput).min(1).max(10_000),
  settings: RenderSettings,
});
export type RenderJob = z.infer<typeof RenderJob>;

/** What the job has learned so far. Kept with the job, merged as its tasks end. */
export const RenderFacts = z.object({
  model: ModelFacts.optional(),
  /** The frames to render, as text: `1-60`. */
  frames: z.string().optional(),
  frameCount: z.number().int().optional(),
  /** Frames per second of the film. */
  fps: z.number().optional(),
  width: z.number().int().optional(),
  height: z.number().int().optional(),
  samples: z.number().int().optional(),
  denoise: z.boolean().optional(),
  /** Measured on the first frame: seconds of a frame, and of getting ready for it. */
  frameSeconds: z.number().optional(),
  startSeconds: z.number().optional(),
});
export type RenderFacts = z.infer<typeof RenderFacts>;
