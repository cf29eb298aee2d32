import { z } from 'zod';
import { FrameRange, PictureFormat } from './frames.ts';

export const presetNames = ['draft', 'standard', 'final'] as const;
export const PresetName = z.enum(presetNames);
export type PresetName = z.infer<typeof PresetName>;

/** What a preset decides, as long as the request says nothing else. */
export interface Preset {
  readonly width: number;
  readonly height: number;
  /** Most samples of a pixel. */
  readonly samples: number;
  /** Noise at which a pixel is done before that; 0 takes all samples. */
  readonly noiseThreshold: number;
  readonly bounces: number;
}
export const presets: Readonly<Record<PresetName, Preset>> = {
  draft: { width: 640, height: 480, samples: 32, noiseThreshold: 0.1, bounces: 4 },
  standard: { width: 1280, height: 960, samples: 128, noiseThreshold: 0.03, bounces: 6 },
  final: { width: 1920, height: 1440, samples: 512, noiseThreshold: 0.01, bounces: 12 },
};

export const engines = ['cycles', 'eevee', 'workbench'] as const;
export const Engine = z.enum(engines);
export type Engine = z.infer<typeof Engine>;

export const upAxes = ['auto', '+x', '-x', '+y', '-y', '+z', '-z'] as const;
export const UpAxis = z.enum(upAxes);
export type UpAxis = z.infer<typeof UpAxis>;

/**
 * auto    the camera of a .blend, where it sees something; else one that is placed for the whole model
 * framed  one that is placed for the whole model, from the angles given
 * scene   the active camera of the file
 * named   the camera of this name
 */
export const CameraWish = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('auto') }),
  z.object({
    mode: z.literal('framed'),
    /** Degrees about the model: 0 looks at its front, 90 at its right side. */
    azimuth: z.number().min(-360).max(360).optional(),
    /** Degrees above the horizon. */
    elevation: z.number().min(-89).max(89).optional(),
  }),
  z.object({ mode: z.literal('scene') }),
  z.object({ mode: z.literal('named'), name: z.string().min(1).max(120) }),
]);
export type CameraWish = z.infer<typeof CameraWish>;

/** auto: those of a .blend where they give a usable picture, else the studio's three. */
export const lightModes = ['auto', 'studio', 'scene'] as const;
/** auto: on under studio light, off where the background is transparent or the file brings its own world. */
export const floorModes = ['auto', 'on', 'shadow', 'off'] as const;

/** What the job makes. */
export const Subject = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('still'),
    /** Frame of the file's animation; its first one when left out. */
    frame: z.number().int().min(-1_048_574).max(1_048_574).optional(),
  }),
  z.object({
    kind: z.literal('turntable'),
    /** Pictures of one turn. */
    frames: z.number().int().min(2).max(720).default(36),
    fps: z.number().min(1).max(120).default(24),
  }),
  z.object({
    kind: z.literal('animation'),
    /** The file's own range when left out. */
    frames: FrameRange.optional(),
    /** Of the film; the file's own when left out. */
    fps: z.number().min(1).max(120).optional(),
  }),
]);
export type Subject = z.infer<typeof Subject>;

/** A side of a picture in pixels. */
const Side = z.number().int().min(8).max(16_384);

/** All that a person may choose about a render. Left out means: by the preset, or by what the model brings. */
export const RenderSettings = z.object({
  subject: Subject.default({ kind: 'still' }),
  preset: PresetName.default('draft'),
  width: Side.optional(),
  height: Side.optional(),
  samples: z.number().int().min(1).max(65_536).optional(),
  engine: Engine.default('cycles'),
  /** Where Cycles computes. `gpu` waits for a node that has proved one. */
  device: z.enum(['cpu', 'gpu']).default('cpu'),
  format: PictureFormat.default('png'),
  /** Bits per channel of a PNG. */
  depth: z.union([z.literal(8), z.literal(16)]).default(8),
  transparent: z.boolean().default(false),
  camera: CameraWish.default({ mode: 'auto' }),
  light: z.enum(lightModes).default('auto'),
  floor: z.enum(floorModes).default('auto'),
  upAxis: UpAxis.default('auto'),
  /** auto: where the node that imports the model has proved a denoiser, then for all frames. */
  denoise: z.enum(['auto', 'on', 'off']).default('auto'),
  seed: z.number().int().min(0).max(2_147_483_647).default(0),
  /** Make a film of a turntable or animation. */
  film: z.boolean().default(true),
  /** Go on although files are missing: what used them shows magenta. */
  acceptMissing: z.boolean().default(false),
  /** A black frame is meant (a fade) and no fault of a machine. */
  acceptBlack: z.boolean().default(false),
});
export type RenderSettings = z.infer<typeof RenderSettings>;
export type RenderSettingsInput = z.input<typeof RenderSettings>;

/** The pixels and samples that the settings come to. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly noiseThreshold: number;
  readonly bounces: number;
}

/** Fills in the preset. One side alone keeps the preset's proportions; own samples are all taken. */
export function resolvePicture(settings: RenderSettings): Picture {
  const preset = presets[settings.preset];
  const ratio = preset.width / preset.height;
  const width =
    settings.width ?? (settings.height === undefined ? preset.width : clampSide(settings.height * ratio));
  const height =
    settings.height ?? (settings.width === undefined ? preset.height : clampSide(settings.width / ratio));
  return {
    // H.264 with 4:2:0 colour needs even sides; a picture one pixel larger is better than no film.
    width: settings.subject.kind === 'still' ? width : width + (width % 2),
    height: settings.subject.kind === 'still' ? height : height + (height % 2),
    samples: settings.samples ?? preset.samples,
    noiseThreshold: settings.samples === undefined ? preset.noiseThreshold : 0,
    bounces: preset.bounces,
  };
}

function clampSide(side: number): number {
  return Math.max(8, Math.min(16_384, Math.round(side)));
}
