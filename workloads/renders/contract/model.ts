import { z } from 'zod';
import { CameraWish } from './settings.ts';

export const modelFormats = ['blend', 'glb', 'gltf', 'obj', 'fbx', 'stl', 'ply', 'dae'] as const;
export const ModelFormat = z.enum(modelFormats);
export type ModelFormat = z.infer<typeof ModelFormat>;

/** What a file is by its name; `zip` holds a model with its side files. */
export function formatOf(name: string): ModelFormat | 'zip' | undefined {
  const extension = name.toLowerCase().split('.').at(-1);
  if (extension === 'zip') return 'zip';
  return modelFormats.find((format) => format === extension);
}

/** A file that the model refers to and that is not there. */
export const MissingFile = z.object({
  /** As it should be uploaded: relative to the model's file, forward slashes. */
  path: z.string().min(1).max(400),
  kind: z.enum(['image', 'library', 'font', 'cache', 'volume', 'clip', 'material', 'buffer']),
  /** Nothing can be rendered without it. */
  required: z.boolean(),
  usedBy: z.string().max(200).default(''),
});
export type MissingFile = z.infer<typeof MissingFile>;

const Vector = z.tuple([z.number(), z.number(), z.number()]);

/** What of a .blend would act by itself, and was made to do nothing. */
export const disarmedThings = [
  'freestyle_script',
  'file_output_node',
  'text_block',
  'scripted_driver',
  'open_shading_language',
  'sequencer',
] as const;

export const modelWarnings = ['no_material', 'vertex_colours', 'invisible_material'] as const;

/** The stage as it was resolved while importing: nothing in it is `auto` any more. */
export const ResolvedStage = z.object({
  camera: CameraWish,
  light: z.enum(['studio', 'scene']),
  floor: z.enum(['on', 'shadow', 'off']),
  /** Factor on the studio's light, metered in the pre-flight. */
  gain: z.number().positive(),
});
export type ResolvedStage = z.infer<typeof ResolvedStage>;

/** What an import found out about a model. Lengths are in the model's own units. */
export const ModelFacts = z.object({
  format: ModelFormat,
  /** Name of the file that was imported, inside a zip or beside its side files. */
  main: z.string(),
  /** Version of the Blender that imported it; every frame of the job is rendered by the same. */
  blender: z.string(),
  /** Blender version that saved it, for a .blend. */
  savedWith: z.string().nullable(),
  objects: z.number().int(),
  instances: z.number().int(),
  polygons: z.number().int(),
  triangles: z.number().int(),
  vertices: z.number().int(),
  materials: z.number().int(),
  images: z.number().int(),
  lights: z.number().int(),
  bounds: z.object({ low: Vector, high: Vector, radius: z.number().positive() }),
  cameras: z.array(z.object({ name: z.string(), active: z.boolean() })),
  animation: z.object({
    first: z.number().int(),
    last: z.number().int(),
    step: z.number().int(),
    fps: z.number().positive(),
    moves: z.boolean(),
    /** First and last frame with a key, where there is any. */
    keys: z.tuple([z.number().int(), z.number().int()]).nullable(),
  }),
  scenes: z.array(z.string()),
  /** What a .blend's author had set; offered, never taken without being asked. */
  own: z
    .object({
      engine: z.string(),
      resolution: z.tuple([z.number().int(), z.number().int()]),
      samples: z.number().int().nullable(),
    })
    .nullable(),
  missing: z.array(MissingFile),
  disarmed: z.array(z.enum(disarmedThings)),
  warnings: z.array(z.enum(modelWarnings)),
  /** Share of the pre-flight picture that the model covers. */
  coverage: z.number().min(0).max(1),
  /** Brightness of its light parts in the pre-flight, 1 is white. */
  brightness: z.number().nonnegative(),
  /** Share of the preview that has the colour of a missing texture. */
  magenta: z.number().min(0).max(1).default(0),
  stage: ResolvedStage,
  denoiser: z.boolean(),
  /** Frames need the model's own files too: some of them can't be packed into the scene. */
  needsSources: z.boolean(),
});
export type ModelFacts = z.infer<typeof ModelFacts>;
