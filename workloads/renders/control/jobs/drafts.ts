import type { Output, TaskDraftInput, TaskInput } from '@backlot/contract';
import {
  type AssembleParameters,
  type FramesParameters,
  formatOf,
  frameFile,
  type ImportParametersInput,
  type ModelFacts,
  outputs,
  type Picture,
  type RenderJob,
  resolvePicture,
  taskKinds,
} from '../../contract.ts';
import { filmRate } from './frame-list.ts';
import { frameMemory, gpuRequest, importMemory } from './resources.ts';

/** Keys of the tasks inside a job. */
export const keys = {
  import: 'import',
  /** The first frame: it measures what the rest is cut by. */
  first: 'frames/first',
  chunk: (index: number) => `frames/${String(index + 1).padStart(4, '0')}`,
  assemble: 'assemble',
} as const;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Reading a model that takes longer than this is refused. */
const IMPORT_WALL_MS = 3 * MINUTE;
/** Nothing is known about the first frame yet: a slow machine, a heavy scene, many samples. */
const FIRST_FRAME_WALL_MS = 12 * 60 * MINUTE;
const FIRST_FRAME_SILENCE_MS = 2 * 60 * MINUTE;
/** A frame is stalled after so many times what was measured, and not before a minute. */
const STALL_FACTOR = 8;
const STALL_LEAST_MS = MINUTE;
/** Starting, opening, and whatever a loaded machine adds. */
const START_ALLOWANCE_MS = 2 * MINUTE;
const MEBIBYTE = 1024 * 1024;

const turntableOf = ({ subject }: RenderJob['settings']) =>
  subject.kind === 'turntable' ? { frames: subject.frames } : null;

/** What a Blender must have proved to render with these settings. */
function featuresFor({ engine, device }: RenderJob['settings'], denoise: boolean): string[] {
  return [engine, ...(engine === 'cycles' ? [`cycles-${device}`] : []), ...(denoise ? ['oidn'] : [])];
}

/** The task that everything begins with. It asks for all features that the frames will need on the same version. */
export function importDraft(job: RenderJob): TaskDraftInput {
  const { settings } = job;
  const format = formatOf(job.main);
  const picture = resolvePicture(settings);
  const rendering = featuresFor(settings, settings.denoise === 'on');
  const features = new Set(['cycles', ...rendering]);
  if (format !== undefined && format !== 'zip') features.add(format);
  return {
    key: keys.import,
    kind: taskKinds.import,
    parameters: {
      main: job.main,
      upAxis: settings.upAxis,
      stage: {
        camera: settings.camera,
        light: settings.light,
        floor: settings.floor,
        resolution: [picture.width, picture.height],
        transparent: settings.transparent,
        turntable: turntableOf(settings),
      },
      features: rendering,
      acceptMissing: settings.acceptMissing,
    } satisfies ImportParametersInput,
    inputs: modelInputs(job),
    resources: { cpu: 1, memory: importMemory(job.files, format === 'zip'), disk: 256 * MEBIBYTE },
    constraints: { capabilities: [{ name: 'blender', features: [...features] }] },
    retry: { maxAttempts: 2 },
    limits: { wallMs: IMPORT_WALL_MS, silenceMs: IMPORT_WALL_MS },
    // Whoever has just dropped a file is looking at the page.
    priority: 10,
    weight: 0,
  };
}

export interface FramesPlan {
  readonly job: RenderJob;
  readonly facts: ModelFacts;
  readonly denoise: boolean;
  readonly picture: Picture;
  /** All frames of the job. */
  readonly all: readonly number[];
  readonly cores: number;
  /** Files that were missing at first and were brought later. */
  readonly supplied: readonly TaskInput[];
  /** The scene that the import has left. */
  readonly scene: Pick<Output, 'digest' | 'size'>;
}

export function framesDraft(
  plan: FramesPlan,
  key: string,
  frames: readonly number[],
  expectedSeconds: number | null,
): TaskDraftInput {
  const { job, facts, picture, all } = plan;
  const { settings } = job;
  const { subject } = settings;
  const memory = frameMemory(facts, picture);
  return {
    key,
    kind: taskKinds.frames,
    parameters: {
      format: facts.format,
      blender: facts.blender,
      frames: [...frames],
      stage: {
        ...facts.stage,
        resolution: [picture.width, picture.height],
        transparent: settings.transparent,
        turntable: turntableOf(settings),
        animation: subject.kind === 'animation' && all.length > 1 ? [all[0] ?? 0, all.at(-1) ?? 0] : null,
      },
      stillFrame: facts.animation.first,
      picture: settings.format,
      depth: settings.depth,
      engine: {
        engine: settings.engine,
        device: settings.engine === 'cycles' ? settings.device : 'cpu',
        samples: picture.samples,
        noiseThreshold: picture.noiseThreshold,
        bounces: picture.bounces,
        denoise: plan.denoise,
        seed: settings.seed,
      },
      expect: {
        // With missing textures accepted any amount of their colour is right.
        magenta: facts.missing.length > 0 ? 1 : facts.magenta,
        acceptBlack: settings.acceptBlack,
      },
      expectedSeconds,
    } satisfies FramesParameters,
    inputs: [
      { name: outputs.scene.name, digest: plan.scene.digest, size: plan.scene.size },
      ...(facts.needsSources ? [...modelInputs(job), ...plan.supplied] : []),
    ],
    resources: { cpu: plan.cores, memory, disk: 512 * MEBIBYTE, ...gpuRequest(settings, memory) },
    constraints: {
      capabilities: [
        {
          name: 'blender',
          // One version for all frames: another one may light or denoise a little differently.
          features: [`v${facts.blender}`, ...featuresFor(settings, plan.denoise)],
        },
        // PNG is checked without it.
        ...(settings.format === 'png' ? [] : [{ name: 'ffmpeg' }]),
      ],
    },
    limits: frameLimits(frames.length, expectedSeconds),
    weight: frames.length,
  };
}

function frameLimits(frames: number, expectedSeconds: number | null): TaskDraftInput['limits'] {
  if (expectedSeconds === null)
    return { wallMs: FIRST_FRAME_WALL_MS * frames, silenceMs: FIRST_FRAME_SILENCE_MS };
  const stall = Math.ceil(Math.max(STALL_LEAST_MS, STALL_FACTOR * expectedSeconds * SECOND));
  return { wallMs: START_ALLOWANCE_MS + frames * stall, silenceMs: START_ALLOWANCE_MS + stall };
}

/** The last task: a contact sheet, and a film where one is wanted. */
export function assembleDraft(
  job: RenderJob,
  facts: ModelFacts,
  pictures: readonly Output[],
): TaskDraftInput {
  const { settings } = job;
  const picture = resolvePicture(settings);
  const film = settings.film && settings.subject.kind !== 'still';
  return {
    key: keys.assemble,
    kind: taskKinds.assemble,
    parameters: {
      pictures: pictures.map(({ name }) => name),
      picture: settings.format,
      resolution: [picture.width, picture.height],
      transparent: settings.transparent,
      film: film ? { fps: filmRate(settings.subject, facts.animation) } : null,
    } satisfies AssembleParameters,
    inputs: pictures.map(({ name, digest, size }) => ({ name, digest, size })),
    resources: {
      cpu: 1,
      memory: 1024 * MEBIBYTE,
      disk: pictures.reduce((sum, { size }) => sum + size, 0) + 256 * MEBIBYTE,
    },
    constraints: { capabilities: [{ name: 'ffmpeg', features: ['libx264', 'ffprobe'] }] },
    retry: { maxAttempts: 2 },
    limits: { wallMs: 10 * MINUTE + pictures.length * 5 * SECOND, silenceMs: 10 * MINUTE },
    priority: 5,
    weight: 0,
  };
}

/** The model's files as a node lays them out. */
export function modelInputs(job: Pick<RenderJob, 'files'>): TaskInput[] {
  return job.files.map(({ name, digest, size }) => ({ name: `model/${name}`, digest, size }));
}

/** The pictures of all these frames, in their order, as far as they are there. */
export function picturesOf(
  frames: readonly number[],
  format: RenderJob['settings']['format'],
  committed: readonly Output[],
): Output[] {
  const byName = new Map(committed.map((output) => [output.name, output]));
  return frames.flatMap((frame) => byName.get(frameFile(frame, format)) ?? []);
}
