import { Artifact, Id, Job, JobState, Name, Page, PageQuery, Timestamp, Usage } from '@backlot/contract';
import { z } from 'zod';
import { PictureFormat } from './frames.ts';
import { RenderFacts } from './job.ts';
import { ModelFacts, ModelFormat } from './model.ts';
import { Engine, RenderSettings } from './settings.ts';

/** An uploaded file and the name that it has relative to the model's file. */
export const ModelFile = z.object({
  artifactId: Id,
  /** Left out: the artifact's own name. */
  path: z.string().min(1).max(400).optional(),
});
export type ModelFile = z.infer<typeof ModelFile>;

/** `POST /api/v1/renders` */
export const RenderSubmission = z.object({
  projectId: Id,
  name: Name.optional(),
  /** A model of the library, or files that were uploaded; then the first one is the model, or a zip with it. */
  model: z.union([z.object({ modelId: Id }), z.object({ files: z.array(ModelFile).min(1).max(10_000) })]),
  settings: RenderSettings.prefault({}),
  priority: z.number().int().min(-100).max(100).optional(),
  /** Put uploaded files into the library under the render's name, so that they can be used again. */
  keepModel: z.boolean().default(true),
});
export type RenderSubmission = z.infer<typeof RenderSubmission>;
export type RenderSubmissionInput = z.input<typeof RenderSubmission>;

/** How long and how much, with the band that the guess is good for. */
export const Estimate = z.object({
  /** Wall-clock milliseconds until the last result, on the fleet as it is now. */
  wallMs: z.number().nonnegative(),
  lowMs: z.number().nonnegative(),
  highMs: z.number().nonnegative(),
  /** Core hours that will be used. */
  coreHours: z.number().nonnegative(),
  /** In the installation's currency, when a price per core hour is set. */
  cost: z.number().nonnegative().nullable(),
  /** measured: from this job's own frames; comparable: from earlier renders; guess: from pixels and samples alone. */
  basis: z.enum(['measured', 'comparable', 'guess']),
  frames: z.number().int(),
});
export type Estimate = z.infer<typeof Estimate>;
/** `POST /api/v1/renders/estimate` */
export const EstimateQuestion = z.object({
  projectId: Id,
  modelId: Id.optional(),
  settings: RenderSettings.prefault({}),
});

export const frameStates = ['waiting', 'running', 'frozen', 'done', 'failed', 'canceled', 'held'] as const;
/** One cell of the frame map. */
export const FrameCell = z.object({
  frame: z.number().int(),
  state: z.enum(frameStates),
  taskId: Id.nullable(),
  nodeName: z.string().nullable(),
  artifactId: Id.nullable(),
  seconds: z.number().nullable(),
});
export type FrameCell = z.infer<typeof FrameCell>;

/** `GET /api/v1/renders/{id}`: the kernel's job with what renders know about it. */
export const Render = z.object({
  job: Job,
  modelId: Id.nullable(),
  settings: RenderSettings,
  facts: RenderFacts,
  /** Files that the model refers to and that are not there; the import waits for them. */
  missing: z.array(z.object({ path: z.string(), required: z.boolean() })),
  /** The task that waits for missing files; null when none does. */
  heldTaskId: Id.nullable(),
  frames: z.array(FrameCell),
  /** Preview, contact sheet, film and the newest frame, for the page's head. */
  preview: Artifact.nullable(),
  sheet: Artifact.nullable(),
  film: Artifact.nullable(),
  latestFrame: Artifact.nullable(),
  estimate: Estimate.nullable(),
  /** Milliseconds of computing so far, and what it cost. */
  spent: z.object({ coreHours: z.number(), cost: z.number().nullable() }),
  /** Frames by node. */
  nodes: z.array(z.object({ nodeName: z.string(), frames: z.number().int(), seconds: z.number() })),
});
export type Render = z.infer<typeof Render>;

/** One line of `GET /api/v1/renders`. */
export const RenderSummary = z.object({
  job: Job,
  modelId: Id.nullable(),
  subject: z.enum(['still', 'turntable', 'animation']),
  frames: z.object({ done: z.number().int(), total: z.number().int() }),
  /** Newest picture: a frame, else the preview. */
  picture: Artifact.nullable(),
});
export type RenderSummary = z.infer<typeof RenderSummary>;
export const RenderPage = Page(RenderSummary);
export const RenderQuery = PageQuery.extend({
  projectId: Id.optional(),
  modelId: Id.optional(),
  state: JobState.optional(),
  text: z.string().max(200).optional(),
});
export type RenderQuery = z.infer<typeof RenderQuery>;

/** `POST /api/v1/renders/{id}/files`: files that were missing have been uploaded, or are not wanted. */
export const SupplyFiles = z.object({
  files: z
    .array(z.object({ artifactId: Id, path: z.string().min(1).max(400) }))
    .max(10_000)
    .default([]),
  /** Go on without the rest; what used them shows magenta. */
  acceptMissing: z.boolean().default(false),
});
export type SupplyFiles = z.infer<typeof SupplyFiles>;

/** `GET /api/v1/renders/options`: what the fleet has proved, for the form. */
export const RenderOptions = z.object({
  formats: z.array(ModelFormat),
  engines: z.array(Engine),
  gpu: z.boolean(),
  denoiser: z.boolean(),
  pictures: z.array(PictureFormat),
  film: z.boolean(),
  /** Versions of Blender in the fleet. */
  versions: z.array(z.string()),
  /** What a core hour costs; null when nobody has said. */
  pricePerCoreHour: z.number().nullable(),
});
export type RenderOptions = z.infer<typeof RenderOptions>;

/** `PATCH /api/v1/renders/options` */
export const RenderOptionsPatch = z.object({ pricePerCoreHour: z.number().nonnegative().nullable() });

/** project: everyone in it by their role. private: its owner, operators, and who is named. */
export const modelVisibilities = ['project', 'private'] as const;
export const ModelRight = z.enum(['see', 'use']);
export const ModelGrant = z.object({ accountId: Id, name: z.string().optional(), right: ModelRight });
/** A model of the library. */
export const Model = z.object({
  id: Id,
  projectId: Id,
  name: z.string(),
  format: z.string(),
  main: z.string(),
  files: z.array(z.object({ path: z.string(), size: z.number().int(), digest: z.string() })),
  size: z.number().int(),
  facts: ModelFacts.nullable(),
  preview: Artifact.nullable(),
  owner: z.object({ id: z.string().nullable(), name: z.string() }),
  visibility: z.enum(modelVisibilities),
  grants: z.array(ModelGrant),
  /** What the reader may do with it. */
  may: z.object({ use: z.boolean(), change: z.boolean() }),
  /** Render jobs that used it. */
  renders: z.number().int(),
  createdAt: Timestamp,
});
export type Model = z.infer<typeof Model>;
export const ModelPage = Page(Model);
export const ModelQuery = PageQuery.extend({
  projectId: Id.optional(),
  text: z.string().max(200).optional(),
});
/** `POST /api/v1/models` */
export const ModelCreation = z.object({
  projectId: Id,
  name: Name.optional(),
  files: z.array(ModelFile).min(1).max(10_000),
  visibility: z.enum(modelVisibilities).default('project'),
});
/** `PATCH /api/v1/models/{id}` */
export const ModelPatch = z.object({
  name: Name.optional(),
  visibility: z.enum(modelVisibilities).optional(),
  grants: z
    .array(z.object({ accountId: Id, right: ModelRight }))
    .max(1_000)
    .optional(),
});

/**
 * `GET /api/tasks/{id}/status`, promised by the render orchestration system that started this. Its words and codes;
 * `id` is a job of ours.
 */
export const LegacyStatus = z.object({
  code: z.literal(200),
  message: z.string(),
  data: z.object({
    taskId: Id,
    status: z.enum(['pending', 'processing', 'completed', 'failed', 'cancelled', 'paused']),
    /** 0 to 100. */
    progress: z.number().min(0).max(100),
    frames: z.object({ done: z.number().int(), total: z.number().int() }),
    /** Addresses of the results, relative to this server. */
    results: z.array(z.object({ name: z.string(), url: z.string(), size: z.number().int() })),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    usage: Usage.nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
});
export type LegacyStatus = z.infer<typeof LegacyStatus>;
