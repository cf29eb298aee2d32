import { Id, Timestamp } from '@backlot/contract';
import { z } from 'zod';

/** Codes of NGlive's answers (its README, section 2.1). 0 is success. */
export const ngliveCodes = { ok: 0, badRoom: 4031, duplicate: 4032, blocked: 4033, unknown: 4042 } as const;
export type NgliveCode = (typeof ngliveCodes)[keyof typeof ngliveCodes];

/** What NGlive's clients read beside a code. In English: the original's are, and programs compare them. */
export const ngliveMessages: Readonly<Record<Exclude<NgliveCode, 0>, string>> = {
  4031: 'Bad room number: it is a positive whole number.',
  4032: 'This room was added before.',
  4033: 'This room is on the list of blocked rooms.',
  4042: 'There is no such room.',
};

/** A room's number at Bilibili, long or short. */
export const RoomId = z.coerce.number().int().positive().max(999_999_999_999);
/** A room as NGlive's clients know it: BililiveRecorder's RoomDto, as far as it means something here. */
export const NgliveRoom = z.object({
  /** The channel. */
  objectId: Id,
  roomId: z.number().int(),
  shortId: z.number().int(),
  name: z.string(),
  title: z.string(),
  areaNameParent: z.string(),
  areaNameChild: z.string(),
  autoRecord: z.boolean(),
  recording: z.boolean(),
  streaming: z.boolean(),
  danmakuConnected: z.boolean(),
  /** Newer builds say `recordingStats`; NGlive's of 2021 had `stats`. Both are there. */
  stats: z.object({ duraionRatio: z.number(), totalRecordedBytes: z.number() }),
  recordingStats: z.object({ durationRatio: z.number(), currentFileSize: z.number() }),
});
export type NgliveRoom = z.infer<typeof NgliveRoom>;

/** NGlive's thirteen events (its README, section 2.3.1). */
export const ngliveEvents = [
  'SessionStarted',
  'FileOpening',
  'FileClosed',
  'SessionEnded',
  'TranscodeStarted',
  'IsTranscode',
  'TranscodeEnded',
  'TranscodeError',
  'UpStarted',
  'IsUp',
  'UpEnded',
  'UpError',
  'heartbeat',
] as const;
export type NgliveEventName = (typeof ngliveEvents)[number];
/** `COMP` (percent) only for IsTranscode and IsUp. */
export interface NgliveEvent {
  readonly CMD: Exclude<NgliveEventName, 'heartbeat'>;
  readonly ID: string;
  readonly COMP?: number;
}

/** Sizes in GiB, `percent` 0 to 100. Here they are sums over the nodes that are ready. */
export const NgliveHeartbeat = z.object({
  CMD: z.literal('heartbeat'),
  UUID: Id,
  name: z.string(),
  cpu: z.object({ cpu: z.number(), cpu_logical: z.number(), percent: z.number() }),
  memory: z.object({ total: z.number(), used: z.number(), percent: z.number() }),
  disk: z.object({ total: z.number(), used: z.number(), free: z.number(), percent: z.number() }),
});
export type NgliveHeartbeat = z.infer<typeof NgliveHeartbeat>;

/** Commands over a WebSocket of either direction, and in answers to reverse HTTP. `echo` comes back as it was. */
export const ngliveCommands = [
  'allroom',
  'getroom',
  'addroom',
  'removeroom',
  'startroom',
  'stoproom',
  'split',
] as const;
export const NgliveCommand = z.looseObject({
  CMD: z.enum(ngliveCommands),
  roomid: z.union([z.number(), z.string().max(40)]).optional(),
  echo: z.union([z.string().max(200), z.number()]).optional(),
});
export type NgliveCommand = z.infer<typeof NgliveCommand>;

const SocketUrl = z.url({ protocol: /^wss?$/, error: 'The address begins with wss:// or ws://.' }).max(2_000);
const HttpUrl = z
  .url({ protocol: /^https?$/, error: 'The address begins with https:// or http://.' })
  .max(2_000);
const Secret = z.string().min(1).max(1_000);

/** Where this project's gateway dials to. A token is written and never read back. */
export const ReverseTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('socket'), url: SocketUrl, token: Secret.optional() }),
  z.object({ kind: z.literal('http'), url: HttpUrl, token: Secret.optional() }),
]);
export type ReverseTarget = z.infer<typeof ReverseTarget>;

export const ngliveRecorders = ['bililive', 'resolver'] as const;
export const NgliveSettings = z.object({
  projectId: Id,
  /** Off unless somebody switches it on. */
  enabled: z.boolean(),
  /** What heartbeats call this installation. */
  name: z.string().trim().min(1).max(100).default('backlot'),
  /** Who records a room that is added: a BililiveRecorder on a node, or our recorder by a resolver. */
  recorder: z.enum(ngliveRecorders).default('resolver'),
  /** What follows a broadcast of a room that is added. */
  flow: z
    .object({ flowId: Id, versionId: Id.nullable().default(null) })
    .nullable()
    .default(null),
  /** Left out: those that there are stay. One without a token keeps the token of the same address. */
  reverse: z.array(ReverseTarget).max(10).optional(),
});
export type NgliveSettings = z.infer<typeof NgliveSettings>;

export const NgliveView = NgliveSettings.omit({ reverse: true }).extend({
  uuid: Id.nullable(),
  /** Whether there is a token; without one nobody is let in. */
  hasToken: z.boolean(),
  reverse: z.array(z.object({ kind: z.enum(['socket', 'http']), url: z.string(), hasToken: z.boolean() })),
  /** Where BililiveRecorder sends its webhooks, and where programs listen; `?token=` is to be added. */
  webhookUrl: z.string(),
  socketUrl: z.string(),
});
export type NgliveView = z.infer<typeof NgliveView>;
/** Shown once. */
export const NgliveToken = z.object({ token: z.string() });

export const BlockedRoom = z.object({
  roomId: z.number().int(),
  reason: z.string(),
  by: z.string(),
  at: Timestamp,
});
export type BlockedRoom = z.infer<typeof BlockedRoom>;
export const BlockedRooms = z.object({ items: z.array(BlockedRoom) });
export const BlockRoom = z.object({
  projectId: Id,
  roomId: RoomId,
  reason: z.string().trim().max(500).default(''),
});

/** `POST /api/v1/compat/nglive/import`: NGlive's `config.ini`. */
export const NgliveImport = z.object({ projectId: Id, ini: z.string().min(1).max(100_000) });
export const NgliveImported = z.object({
  gateway: NgliveView,
  /** The flow that does what the file's `[TRANSCODE]` says, as a flow file. */
  flow: z.record(z.string(), z.unknown()),
  /** For the environment of the node that runs the BililiveRecorder. */
  node: z.record(z.string(), z.string()),
  /** What is not taken over, and what is done differently. A sentence each. */
  notes: z.array(z.string()),
});
export type NgliveImported = z.infer<typeof NgliveImported>;
