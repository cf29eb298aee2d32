import { Name, Slug } from '@backlot/contract';
import { z } from 'zod';

/**
 * An app is a recipe to run one interactive application: what to start (in versions, each immutable once used), what it
 * takes from a machine, and how long people may use it.
 */

/** Platforms as Node names them, under the names that people use. */
export const platforms = ['linux', 'windows', 'macos'] as const;
export const Platform = z.enum(platforms);
export type Platform = z.infer<typeof Platform>;

/** What may stand in braces in an argument, in the working directory and in a value of the environment. */
export const launchVariables = [
  'signallingUrl',
  'instanceId',
  'taskId',
  'ticket',
  'gpu',
  'width',
  'height',
  'fps',
  /** A free port on loopback that the node picks before the start, for reset hooks by HTTP. */
  'port',
] as const;
export type LaunchVariable = (typeof launchVariables)[number];

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), { message: 'A NUL character can’t be passed to a program.' });

/**
 * How a process is started. Never a shell: every argument is one argument, whatever it holds, and a variable is put in
 * as it is. Unknown words in braces stay as they are, because engines use braces themselves.
 */
export const LaunchTemplate = z.object({
  /** The program and its arguments; `backlot:demo` is the demo application. A relative program is looked for below `cwd`, then in PATH. */
  argv: z.tuple([text(4_096).min(1)], text(8_192)).refine((argv) => argv.length <= 256, {
    message: 'At most 256 arguments.',
  }),
  /** An absolute folder of the machine; the allocation's own work folder when left out. */
  cwd: text(4_096).min(1).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_()]{0,254}$/), text(8_192)).default({}),
});
export type LaunchTemplate = z.infer<typeof LaunchTemplate>;

/** Bytes; the amounts of a machine that one instance takes while it runs. */
export const AppResources = z.object({
  cpu: z.number().nonnegative().max(1_024).default(1),
  memory: z
    .number()
    .int()
    .nonnegative()
    .default(1024 ** 3),
  /** None: an application that needs no GPU. One instance uses one GPU. */
  gpu: z
    .object({
      vram: z.number().int().nonnegative(),
      encoderSessions: z.number().int().nonnegative().max(64).default(1),
    })
    .nullable()
    .default(null),
  /** At most so many instances of this app on one node, whatever else would fit. */
  perNode: z.number().int().min(1).max(1_000).nullable().default(null),
  /** At most so many on one GPU. */
  perGpu: z.number().int().min(1).max(1_000).nullable().default(null),
});
export type AppResources = z.infer<typeof AppResources>;

/** Where instances may run, beside what fits. */
export const AppPlacement = z.object({
  pool: z.string().max(60).optional(),
  /** All of these labels with exactly these values. */
  labels: z.record(z.string().max(100), z.string().max(200)).default({}),
});
export type AppPlacement = z.infer<typeof AppPlacement>;

/**
 * How an application is made fresh for the next viewer.
 *
 * none     it isn't: every session gets a new process
 * message  a data-channel peer of ours sends a UIInteraction or a Command and waits for a Response that contains
 *          `acknowledge` (any Response when null)
 * http     a request to a port of the application on its own machine; any 2xx is the acknowledgement
 * stdin    a line to the process; a line on its stdout that contains `acknowledge` answers
 *
 * Not acknowledged before `deadlineMs`: the instance is recycled instead.
 */
export const ResetHook = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({
    kind: z.literal('message'),
    type: z.enum(['uiInteraction', 'command']).default('uiInteraction'),
    payload: z.union([text(16_384), z.record(z.string(), z.unknown())]),
    acknowledge: text(1_000).min(1).nullable().default(null),
    deadlineMs: z.number().int().min(100).max(60_000).default(5_000),
  }),
  z.object({
    kind: z.literal('http'),
    /** Loopback only; `{port}` is the launch variable: `http://127.0.0.1:{port}/reset`. */
    url: z.string().regex(/^http:\/\/(127\.0\.0\.1|\[::1\]|localhost):(\d{1,5}|\{port\})\/[^\s]*$/, {
      message: 'The address of a reset hook is on the machine itself: http://127.0.0.1:<port>/<path>.',
    }),
    method: z.enum(['POST', 'PUT', 'GET']).default('POST'),
    body: text(16_384).optional(),
    deadlineMs: z.number().int().min(100).max(60_000).default(5_000),
  }),
  z.object({
    kind: z.literal('stdin'),
    line: text(4_096).refine((line) => !/[\r\n]/.test(line), { message: 'One line.' }),
    acknowledge: text(1_000).min(1),
    deadlineMs: z.number().int().min(100).max(60_000).default(5_000),
  }),
]);
export type ResetHook = z.infer<typeof ResetHook>;

/** When an instance is replaced at the end of a session, even though it could be reset. Null: never for this. */
export const RecycleRules = z.object({
  /** Bytes of resident memory of the whole process tree. */
  memory: z.number().int().positive().nullable().default(null),
  /** Bytes of video memory of the process tree. */
  vram: z.number().int().positive().nullable().default(null),
  ageSeconds: z.number().int().positive().nullable().default(null),
  sessions: z.number().int().positive().nullable().default(null),
});
export type RecycleRules = z.infer<typeof RecycleRules>;

/** Everything that belongs to one version. Never changed once an instance was started from it. */
export const AppRecipe = z.object({
  launch: LaunchTemplate,
  /** Instead of `launch` on a platform. A platform that is null is not supported; left out, `launch` is used. */
  platforms: z.partialRecord(Platform, LaunchTemplate.nullable()).default({}),
  resources: AppResources.prefault({}),
  placement: AppPlacement.prefault({}),
  picture: z
    .object({
      width: z.number().int().min(16).max(16_384),
      height: z.number().int().min(16).max(16_384),
      fps: z.number().int().min(1).max(240),
    })
    .prefault({ width: 1920, height: 1080, fps: 60 }),
  reset: ResetHook.prefault({ kind: 'none' }),
  recycle: RecycleRules.prefault({}),
  /** From the start of the process until its streamer has connected. */
  startTimeoutSeconds: z.number().int().min(1).max(3_600).default(60),
  /** From the offer to the player until the first picture; afterwards the instance counts as broken. */
  pictureTimeoutSeconds: z.number().int().min(1).max(600).default(30),
  /** Bytes of the process tree at which the instance is ended at once, whoever uses it. Null: never. */
  memoryLimit: z.number().int().positive().nullable().default(null),
  /** Between asking the process to end and killing its tree. */
  stopGraceSeconds: z.number().min(0).max(600).default(5),
});
export type AppRecipe = z.infer<typeof AppRecipe>;
export type AppRecipeInput = z.input<typeof AppRecipe>;

/** What holds for sessions of the app, whichever version they run. Times in seconds; null means no limit. */
export const SessionLimits = z.object({
  /** Without a sign of the person in control. */
  idleSeconds: z.number().int().min(5).max(86_400).nullable().default(300),
  maximumSeconds: z.number().int().min(10).max(604_800).nullable().default(null),
  /** How long the instance is kept for a viewer whose connection broke. */
  disconnectSeconds: z.number().int().min(0).max(3_600).default(30),
  queueLength: z.number().int().min(0).max(10_000).default(100),
  queueSeconds: z.number().int().min(5).max(86_400).default(600),
  /** Beside the one in control. */
  viewers: z.number().int().min(0).max(1_000).default(10),
  /** Sessions at the same time of one address, of those who bring no ticket. 0: any number. */
  perAddress: z.number().int().min(0).max(10_000).default(0),
});
export type SessionLimits = z.infer<typeof SessionLimits>;

/** How the player page of the app looks. */
export const AppLook = z.object({
  title: z.string().trim().max(200).optional(),
  /** A picture as a data URL: the page loads nothing from elsewhere. */
  logo: z
    .string()
    .max(200_000)
    .regex(/^data:image\/(png|jpeg|webp|svg\+xml);base64,/)
    .optional(),
  accent: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/)
    .optional(),
  scheme: z.enum(['dark', 'light', 'auto']).default('dark'),
});
export type AppLook = z.infer<typeof AppLook>;

/**
 * Who may open the app's page. `anyone`: whoever has the link. `ticket`: whoever brings a signed ticket, which people
 * with a right in the project get by themselves, and developers issue for their own users.
 */
export const AppAccess = z.enum(['ticket', 'anyone']);
export type AppAccess = z.infer<typeof AppAccess>;

/** What can be changed at any time; nothing of it belongs to a version. */
export const AppSettings = z.object({
  name: Name,
  description: z.string().max(2_000).default(''),
  /** Off: nobody new gets in, nothing is kept warm; sessions that run go on. */
  enabled: z.boolean().default(true),
  access: AppAccess.default('ticket'),
  /** Instances that are kept ready beside those in use. */
  warm: z.number().int().min(0).max(1_000).default(0),
  /** Instances at the same time, in use or not. */
  maxInstances: z.number().int().min(1).max(10_000).default(100),
  limits: SessionLimits.prefault({}),
  /** Media only through TURN: for networks where nothing else passes. */
  relayOnly: z.boolean().default(false),
  look: AppLook.prefault({}),
});
export type AppSettings = z.infer<typeof AppSettings>;
export type AppSettingsInput = z.input<typeof AppSettings>;

export { Slug };
