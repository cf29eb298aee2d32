import { TaskInput } from '@backlot/contract';
import { z } from 'zod';
import { PictureFormat } from './frames.ts';
import { ModelFacts, ModelFormat, ResolvedStage } from './model.ts';
import { CameraWish, Engine, floorModes, lightModes, UpAxis } from './settings.ts';

/** Kinds of the tasks that a render is made of. */
export const taskKinds = {
  import: 'renders.import',
  frames: 'renders.frames',
  assemble: 'renders.assemble',
} as const;

/** Names and kinds of what the tasks produce. */
export const outputs = {
  scene: { name: 'scene.blend', kind: 'scene' },
  preview: { name: 'preview.png', kind: 'preview' },
  frame: { kind: 'frame' },
  film: { name: 'film.mp4', kind: 'film' },
  sheet: { name: 'contact-sheet.png', kind: 'contact-sheet' },
} as const;

/** A film needs a picture for each frame, and its own numbering. */
const Resolution = z.tuple([z.number().int().positive(), z.number().int().positive()]);
const Turntable = z.object({ frames: z.number().int().min(2) });

/** `renders.import`: a model file becomes facts, a scene that stands alone, and a preview. */
export const ImportParameters = z.object({
  /** The input that holds the model: a model file, or a zip. */
  main: z.string(),
  upAxis: UpAxis,
  stage: z.object({
    camera: CameraWish,
    light: z.enum(lightModes),
    floor: z.enum(floorModes),
    resolution: Resolution,
    transparent: z.boolean(),
    turntable: Turntable.nullable(),
  }),
  /** What the Blender that imports must also be able to do, because the same version renders the frames. */
  features: z.array(z.string().max(60)).max(20).default([]),
  acceptMissing: z.boolean(),
  /** Inputs that were missing at first and were brought later. */
  supplied: z.array(TaskInput).max(10_000).default([]),
});
export type ImportParameters = z.infer<typeof ImportParameters>;
export type ImportParametersInput = z.input<typeof ImportParameters>;
export const ImportResult = z.object({ facts: ModelFacts, seconds: z.number() });
export type ImportResult = z.infer<typeof ImportResult>;

/** `renders.frames`: some frames, one after another in one Blender. */
export const FramesParameters = z.object({
  format: ModelFormat,
  /** The version that has imported the model; a machine may have several. */
  blender: z.string().max(60),
  /** In the order to render. Frame numbers, or the pictures of a turntable from 1. */
  frames: z.array(z.number().int()).min(1).max(10_000),
  stage: ResolvedStage.extend({
    resolution: Resolution,
    transparent: z.boolean(),
    turntable: Turntable.nullable(),
    /** First and last frame of the whole job: what moves stays in the picture. */
    animation: z.tuple([z.number().int(), z.number().int()]).nullable(),
  }),
  /** Frame of the file that a turntable or a still of a model shows. */
  stillFrame: z.number().int(),
  picture: PictureFormat,
  depth: z.union([z.literal(8), z.literal(16)]),
  engine: z.object({
    engine: Engine,
    device: z.enum(['cpu', 'gpu']),
    samples: z.number().int().positive(),
    noiseThreshold: z.number().nonnegative(),
    bounces: z.number().int().positive(),
    denoise: z.boolean(),
    seed: z.number().int(),
  }),
  /** What a picture is checked against. */
  expect: z.object({
    /** Share of missing-texture colour in the preview; a frame with clearly more is wrong. */
    magenta: z.number(),
    acceptBlack: z.boolean(),
  }),
  /** Seconds that a frame is expected to take, from what was measured; null for the first one. */
  expectedSeconds: z.number().positive().nullable(),
});
export type FramesParameters = z.infer<typeof FramesParameters>;

export const FrameTiming = z.object({ frame: z.number().int(), seconds: z.number().nonnegative() });
export const FramesResult = z.object({
  /** Frames that this attempt rendered; others were there from an earlier one. */
  frames: z.array(FrameTiming),
  /** Seconds from the start of the script to the first frame. */
  readySeconds: z.number().nonnegative(),
});
export type FramesResult = z.infer<typeof FramesResult>;

/** `renders.assemble`: pictures become a contact sheet, and a film when there are several. */
export const AssembleParameters = z.object({
  /** Input names in the order of the film. */
  pictures: z.array(z.string()).min(1).max(10_000),
  picture: PictureFormat,
  resolution: Resolution,
  transparent: z.boolean(),
  /** Null: no film, only the contact sheet. */
  film: z.object({ fps: z.number().positive() }).nullable(),
});
export type AssembleParameters = z.infer<typeof AssembleParameters>;
export const AssembleResult = z.object({
  film: z
    .object({
      frames: z.number().int(),
      width: z.number().int(),
      height: z.number().int(),
      codec: z.string(),
      seconds: z.number(),
    })
    .nullable(),
  sheet: z.object({ width: z.number().int(), height: z.number().int() }),
});
export type AssembleResult = z.infer<typeof AssembleResult>;
