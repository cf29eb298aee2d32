import { Failure, Id, Page, PageQuery, Reason, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { AppRecipe, AppSettings, Slug } from './app.ts';
import { InstanceEnd, InstanceState } from './instance.ts';
import { SessionEnd, SessionState } from './session.ts';
import { InstanceFacts } from './tasks.ts';
import { PlayerRole } from './tickets.ts';

const Count = z.number().int().nonnegative();

/** How many of an app there are right now; what an autoscaler asks for. */
export const StreamCounts = z.object({
  /** Sessions with an instance. */
  live: Count,
  /** Sessions that wait for one. */
  queued: Count,
  /** Instances that are ready and free. */
  free: Count,
  /** Instances that look for a place or are being started. */
  starting: Count,
  /** Instances to keep ready, as the app asks for. */
  warm: Count,
  /** Instances that are not ended. */
  instances: Count,
});
export type StreamCounts = z.infer<typeof StreamCounts>;
/** `GET /api/v1/streams/counts`: overall, and for each app by slug. */
export const StreamCountsAnswer = StreamCounts.extend({
  apps: z.array(StreamCounts.extend({ id: Id, slug: Slug, projectId: Id })),
});
export type StreamCountsAnswer = z.infer<typeof StreamCountsAnswer>;

export const AppCreation = AppSettings.extend({
  projectId: Id,
  slug: Slug,
  /** Becomes version 1, and active. Left out: there is nothing to start yet. */
  recipe: AppRecipe.optional(),
});
export type AppCreation = z.infer<typeof AppCreation>;
export type AppCreationInput = z.input<typeof AppCreation>;

/** Left out stays; `limits` and `look` are replaced as a whole. */
export const AppPatch = z.object({
  name: AppSettings.shape.name.optional(),
  description: z.string().max(2_000).optional(),
  enabled: z.boolean().optional(),
  access: z.enum(['ticket', 'anyone']).optional(),
  warm: z.number().int().min(0).max(1_000).optional(),
  maxInstances: z.number().int().min(1).max(10_000).optional(),
  limits: AppSettings.shape.limits.unwrap().optional(),
  relayOnly: z.boolean().optional(),
  look: AppSettings.shape.look.unwrap().optional(),
});
export type AppPatch = z.infer<typeof AppPatch>;

/** What is started: the active version, and for some of the new instances another one. */
export const AppRelease = z.object({
  active: z.number().int().positive(),
  /** `share` in percent of new instances. */
  canary: z
    .object({ version: z.number().int().positive(), share: z.number().int().min(1).max(99) })
    .nullable()
    .default(null),
});
export type AppRelease = z.infer<typeof AppRelease>;

export const App = AppSettings.extend({
  id: Id,
  projectId: Id,
  slug: Slug,
  activeVersion: z.number().int().positive().nullable(),
  canary: z.object({ version: z.number().int(), share: z.number().int() }).nullable(),
  counts: StreamCounts,
  /** Why nothing new is started, when that is so: it failed too often, or it waits before the next try. */
  trouble: Reason.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type App = z.infer<typeof App>;
export const AppPage = Page(App);
export const AppQuery = PageQuery.extend({ projectId: Id.optional(), text: z.string().max(200).optional() });

export const AppVersion = z.object({
  appId: Id,
  version: z.number().int().positive(),
  note: z.string(),
  recipe: AppRecipe,
  /** An instance was started from it: it is never changed any more. */
  used: z.boolean(),
  active: z.boolean(),
  canary: z.boolean(),
  /** Instances of it that are not ended. */
  instances: Count,
  health: z.object({
    /** Failures in a row. */
    failures: Count,
    /** Started again by nobody until a person clears it. */
    blocked: z.boolean(),
    nextStartAt: Timestamp.nullable(),
    lastFailure: Reason.nullable(),
  }),
  createdBy: z.string(),
  createdAt: Timestamp,
});
export type AppVersion = z.infer<typeof AppVersion>;
export const AppVersionPage = Page(AppVersion);
export const AppVersionCreation = z.object({
  recipe: AppRecipe,
  note: z.string().trim().max(500).default(''),
  /** Start new instances from it; running sessions stay what they are. */
  activate: z.boolean().default(false),
});
export type AppVersionCreationInput = z.input<typeof AppVersionCreation>;
export const AppClone = z.object({ slug: Slug, name: AppSettings.shape.name });

/** What a player page needs before it may speak to anyone; anybody may ask. */
export const AppPageInfo = z.object({
  slug: Slug,
  name: z.string(),
  title: z.string().nullable(),
  accent: z.string().nullable(),
  logo: z.string().nullable(),
  scheme: z.enum(['dark', 'light', 'auto']),
  ticketRequired: z.boolean(),
});
export type AppPageInfo = z.infer<typeof AppPageInfo>;

/** A configuration file of pixelman, as text or as parsed JSON. */
export const PixelmanImport = z.object({
  config: z.union([z.string().max(200_000), z.record(z.string(), z.unknown())]),
});
export const PixelmanImported = z.object({
  kind: z.enum(['manage', 'render']),
  /** Parts of an app that it describes; fill in what is missing and create the app. */
  recipe: AppRecipe.nullable(),
  settings: AppPatch,
  /** What was taken over, changed or has no counterpart here, one sentence each. */
  notes: z.array(Reason),
});
export type PixelmanImported = z.infer<typeof PixelmanImported>;

export const Instance = z.object({
  id: Id,
  appId: Id,
  app: Slug,
  appName: z.string(),
  projectId: Id,
  version: z.number().int(),
  state: InstanceState,
  /** Started to try a version; no other session gets it. */
  trial: z.boolean(),
  nodeId: Id.nullable(),
  nodeName: z.string().nullable(),
  /** Index of its GPU on the node. */
  gpu: z.number().int().nullable(),
  jobId: Id,
  taskId: Id.nullable(),
  allocationId: Id.nullable(),
  /** The session that has it, or had it last. */
  sessionId: Id.nullable(),
  /** Sessions that it has served, the present one among them. */
  sessions: Count,
  /** Its streamer's socket is open. */
  connected: z.boolean(),
  /** What the scheduler waits for, before it has a place. */
  wait: Reason.nullable(),
  /** It goes at the end of its session, and why. */
  retiring: Reason.nullable(),
  facts: InstanceFacts.nullable(),
  end: z.object({ reason: InstanceEnd, sentence: Reason }).nullable(),
  /** With the end of its log, when it failed. */
  failure: Failure.nullable(),
  requestedAt: Timestamp,
  startedAt: Timestamp.nullable(),
  readyAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
});
export type Instance = z.infer<typeof Instance>;
export const InstancePage = Page(Instance);
export const InstanceQuery = PageQuery.extend({
  appId: Id.optional(),
  projectId: Id.optional(),
  nodeId: Id.optional(),
  state: InstanceState.optional(),
  /** Only those that are not ended, or only those that are. */
  open: z.stringbool().optional(),
});
export const InstanceStop = z.object({
  /** `after-session`: nobody new gets it, and it ends when its session does. */
  when: z.enum(['now', 'after-session']).default('now'),
});

export const Player = z.object({
  /** Its id on the wire. */
  id: z.string(),
  role: PlayerRole,
  subject: z.string(),
  address: z.string().nullable(),
  connected: z.boolean(),
  joinedAt: Timestamp,
  leftAt: Timestamp.nullable(),
});
export type Player = z.infer<typeof Player>;

export const Session = z.object({
  id: Id,
  appId: Id,
  app: Slug,
  appName: z.string(),
  projectId: Id,
  version: z.number().int().nullable(),
  state: SessionState,
  instanceId: Id.nullable(),
  nodeId: Id.nullable(),
  nodeName: z.string().nullable(),
  /** Who opened it, in the words of whoever issued the ticket. */
  subject: z.string(),
  /** Id of the player in control. */
  controller: z.string().nullable(),
  players: z.array(Player),
  queue: z
    .object({
      position: z.number().int().positive(),
      waitedMs: z.number().nonnegative(),
      estimateMs: z.number().nonnegative().nullable(),
    })
    .nullable(),
  /** Nobody in control is connected since. */
  awaySince: Timestamp.nullable(),
  end: z.object({ reason: SessionEnd, sentence: Reason, by: z.string().nullable() }).nullable(),
  requestedAt: Timestamp,
  readyAt: Timestamp.nullable(),
  activeAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
});
export type Session = z.infer<typeof Session>;
export const SessionPage = Page(Session);
/** With every state that it was in. */
export const SessionDetail = Session.extend({
  timeline: z.array(
    z.object({
      at: Timestamp,
      /** A state, or something that happened: `joined`, `control`, `away`, `back`, `warning`. */
      what: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type SessionDetail = z.infer<typeof SessionDetail>;
export const SessionQuery = PageQuery.extend({
  appId: Id.optional(),
  projectId: Id.optional(),
  instanceId: Id.optional(),
  state: SessionState.optional(),
  open: z.stringbool().optional(),
});
export const ControlChange = z.object({ playerId: z.string().regex(/^\d{1,18}$/) });
export const PlayerParams = z.object({ id: Id, playerId: z.string().regex(/^\d{1,18}$/) });

export const StatsQuery = z.object({
  playerId: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  from: Timestamp.optional(),
  to: Timestamp.optional(),
  /** Points for each player at most; more are averaged. */
  points: z.coerce.number().int().min(10).max(2_000).default(300),
});
const Figure = z.number().nullable();
/** Averages over equal pieces of time, oldest first; null where a browser doesn't know. */
export const StatsAnswer = z.object({
  players: z.array(
    z.object({
      playerId: z.string(),
      points: z.array(
        z.object({
          at: Timestamp,
          bitrateBps: Figure,
          rttMs: Figure,
          fps: Figure,
          lostFraction: Figure,
          jitterMs: Figure,
          width: Figure,
          height: Figure,
          framesDropped: Figure,
          relayed: z.boolean().nullable(),
        }),
      ),
    }),
  ),
});
export type StatsAnswer = z.infer<typeof StatsAnswer>;
