import { Id, Reason } from '@backlot/contract';
import { z } from 'zod';
import { AppRecipe, LaunchTemplate, Platform, ResetHook, Slug } from './app.ts';

/** Kind of the job and of its only task: an instance is one process on one node. */
export const INSTANCE_JOB = 'streams.instance';
export const INSTANCE_TASK = 'streams.instance';

/**
 * What a node must have proved to run instances. Features: `webrtc` (a peer of ours works: resets by message,
 * thumbnails, the demo application) and the name of its platform (`linux`, `windows`, `macos`).
 */
export const STREAMS_CAPABILITY = 'streams';

/** The program of `argv` that stands for our demo application, wherever the node keeps it. */
export const DEMO_PROGRAM = 'backlot:demo';

/**
 * What the node needs to run one instance. It chooses the launch for its platform, puts the variables in, starts the
 * process, and reports what it sees (`InstanceFacts`).
 */
export const InstanceParameters = z.object({
  instanceId: Id,
  app: Slug,
  appId: Id,
  version: z.number().int().positive(),
  launch: LaunchTemplate,
  platforms: z.partialRecord(Platform, LaunchTemplate.nullable()),
  picture: AppRecipe.shape.picture,
  /** `ws(s)://host[:port]/signal/streamer`; with `/` and the ticket behind it, it is `{signallingUrl}`. */
  signallingBase: z.string(),
  reset: ResetHook,
  watch: z
    .object({
      /** How often memory and the like are measured. Milliseconds. */
      everyMs: z.number().int().min(200).max(60_000).default(5_000),
      /** Bytes of the process tree at which the node ends it (failure `memory`), whoever uses it. */
      memoryLimit: z.number().int().positive().nullable().default(null),
      processLimit: z.number().int().positive().nullable().default(null),
    })
    .prefault({}),
  /** Never shown in any API: the kernel takes this key out of what people read of jobs and tasks. */
  secrets: z.object({
    ticket: z.string(),
    /** The environments of `launch` and `platforms`, which are without them: they often hold keys. */
    env: LaunchTemplate.shape.env,
    platformEnv: z.partialRecord(Platform, LaunchTemplate.shape.env).default({}),
  }),
});
export type InstanceParameters = z.infer<typeof InstanceParameters>;
export type InstanceParametersInput = z.input<typeof InstanceParameters>;

/**
 * What a node sees of a running instance; sent as `progress.detail` at the start and every `watch.everyMs`. Bytes.
 * `vram` is null where it can't be measured.
 */
export const InstanceFacts = z.object({
  memory: z.number().nonnegative(),
  peakMemory: z.number().nonnegative().optional(),
  vram: z.number().nonnegative().nullable().default(null),
  processes: z.number().int().nonnegative().default(1),
  /** Cores in use over the last sample. */
  cpu: z.number().nonnegative().nullable().default(null),
  /** What the application says of itself, where it says it (the demo does). */
  sessions: z.number().int().nonnegative().optional(),
  pid: z.number().int().positive().optional(),
});
export type InstanceFacts = z.infer<typeof InstanceFacts>;

/** How the process ended, when it ended by itself with code 0. Everything else is a failure of the attempt. */
export const InstanceResult = z.object({
  exitCode: z.number().int().nullable(),
  uptimeMs: z.number().nonnegative(),
  peakMemory: z.number().nonnegative().optional(),
});
export type InstanceResult = z.infer<typeof InstanceResult>;

/** Calls from the control plane to a running instance's allocation, by method. */
export const instanceCalls = {
  reset: 'streams.reset',
  thumbnail: 'streams.thumbnail',
  /** No payload; answers `InstanceFacts`, measured now. */
  facts: 'streams.facts',
} as const;

/** `streams.reset`: make the application fresh by the hook of its parameters. */
export const ResetCall = z.object({
  /** Full address of the player socket with a service ticket, for hooks of the kind `message`. */
  playerUrl: z.string(),
  deadlineMs: z.number().int().positive(),
});
export type ResetCall = z.infer<typeof ResetCall>;
export const ResetAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), ms: z.number().nonnegative(), via: z.enum(['message', 'http', 'stdin']) }),
  z.object({ ok: z.literal(false), ms: z.number().nonnegative(), reason: Reason }),
]);
export type ResetAnswer = z.infer<typeof ResetAnswer>;

/** `streams.thumbnail`: a picture of the running stream. */
export const ThumbnailCall = z.object({
  playerUrl: z.string(),
  width: z.number().int().min(64).max(1_280).default(320),
});
export type ThumbnailCall = z.infer<typeof ThumbnailCall>;
export const ThumbnailAnswer = z.object({
  mediaType: z.enum(['image/png', 'image/jpeg']),
  /** base64 of at most 512 kB. */
  data: z.string().max(700_000),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
});
export type ThumbnailAnswer = z.infer<typeof ThumbnailAnswer>;
