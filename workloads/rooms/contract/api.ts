import { Id, Page, PageQuery, type PermissionTable, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { DisplayName, Identity, NewRoomName, Permissions, Role, RoomName, tokenLifetime } from './grants.ts';
import { HostUsage } from './media/calls.ts';
import { MediaKind } from './media/rtp.ts';
import { LogLevel, LogTag } from './media/settings.ts';
import { Participant, Room, RoomSettings, RoomState, Track } from './room.ts';

/** Rights of accounts and API tokens over rooms; what people may do inside of one is in their room token. */
export const roomPermissions = {
  'rooms.read': { role: 'viewer' },
  /** Issue tokens for rooms. */
  'rooms.join': { role: 'submitter' },
  /** Open rooms. */
  'rooms.write': { role: 'submitter' },
  /** Change, close, lock, kick, mute, move, record. */
  'rooms.moderate': { role: 'operator' },
  /** Look into every worker of every node, and change its log. */
  'rooms.console': { role: 'admin', everywhere: true },
} as const satisfies PermissionTable;

/** A room in an address: its id, or its name while it is open. */
export const RoomParams = z.object({ room: z.union([Id, RoomName]) });
export const ParticipantParams = RoomParams.extend({ identity: Identity });

/** `POST /api/v1/rooms` */
export const RoomCreate = z.object({
  projectId: Id,
  name: NewRoomName,
  settings: RoomSettings.prefault({}),
});
export type RoomCreate = z.infer<typeof RoomCreate>;

export const RoomQuery = PageQuery.extend({
  projectId: Id.optional(),
  /** `open` is everything that is not closed. */
  state: z.union([RoomState, z.enum(['open', 'any'])]).default('open'),
});
export const RoomPage = Page(Room);

export const RoomLock = z.object({ locked: z.boolean() });

export const ParticipantList = z.object({ items: z.array(Participant) });
export const TrackList = z.object({ items: z.array(Track) });
export const LobbyList = z.object({ items: z.array(z.object({ identity: Identity, name: DisplayName })) });

/** `PATCH …/participants/{identity}`: a role brings its permissions; single ones win. */
export const ParticipantPatch = z
  .object({ role: Role.optional(), permissions: Permissions.partial().optional() })
  .refine(({ role, permissions }) => role !== undefined || permissions !== undefined, {
    message: 'Say what changes: role, permissions or both.',
  });

/** `DELETE …/participants/{identity}` */
export const KickQuery = z.object({
  /** Tokens issued until now don't let this identity in again. */
  revoke: z.stringbool().default(true),
  reason: z.string().max(300).optional(),
});

/** `POST …/participants/{identity}/mute`. Without a track or kind: everything of that person. */
export const MuteRequest = z.object({
  trackId: z.string().max(64).optional(),
  kind: MediaKind.optional(),
  muted: z.boolean().default(true),
});
/** `POST …/mute`: everybody who is no moderator. */
export const MuteAllRequest = z.object({ kind: MediaKind.default('audio') });
/** Ids of the tracks that have changed. */
export const MuteAnswer = z.object({ trackIds: z.array(z.string()) });

/** `POST …/participants/{identity}/move` */
export const MoveRequest = z.object({ to: z.union([Id, RoomName]) });
/** `POST …/lobby/{identity}/deny` */
export const DenyRequest = z.object({ reason: z.string().max(300).optional() });

/** `POST …/tokens` */
export const TokenRequest = z.object({
  identity: Identity,
  name: DisplayName.optional(),
  role: Role.default('member'),
  /** Single rights that differ from the role's. */
  permissions: Permissions.partial().default({}),
  /** False: for programs only (WHIP, WHEP, broadcasters), not for signalling. */
  join: z.boolean().default(true),
  metadata: z.string().max(4_096).optional(),
  /** Seconds. */
  ttlS: z.number().int().min(10).max(tokenLifetime.max).default(tokenLifetime.default),
});
export type TokenRequest = z.infer<typeof TokenRequest>;
export const TokenAnswer = z.object({
  id: Id,
  token: z.string(),
  expiresAt: Timestamp,
  /** Where a browser enters with it. The token stands behind `#`, so that no server log holds it. */
  joinUrl: z.string(),
});
/** `DELETE …/tokens?identity=`: every token of somebody for this room; or one by its id. */
export const RevokeQuery = z
  .object({ identity: Identity.optional(), id: Id.optional() })
  .refine(({ identity, id }) => (identity === undefined) !== (id === undefined), {
    message: 'Name either the identity or the id of one token.',
  });

/** `POST …/data` */
export const DataRequest = z.object({
  topic: z.string().max(100).default(''),
  to: z.array(Identity).max(100).optional(),
  payload: z.unknown().refine((value) => (JSON.stringify(value ?? null)?.length ?? 0) <= 16_384, {
    message: 'At most 16,384 characters of JSON.',
  }),
});
export const DataAnswer = z.object({ sentTo: z.number().int().nonnegative() });

/** What has happened in a room, numbered from 1 without gaps: whoever sees a gap knows that something is still to come. */
export const roomEventKinds = [
  'rooms.room.opened',
  'rooms.room.changed',
  'rooms.room.closed',
  'rooms.participant.joined',
  'rooms.participant.changed',
  'rooms.participant.left',
  'rooms.track.published',
  'rooms.track.changed',
  'rooms.track.unpublished',
  'rooms.recording.started',
  'rooms.recording.ended',
] as const;
export const RoomEventKind = z.enum(roomEventKinds);
export type RoomEventKind = z.infer<typeof RoomEventKind>;
export const RoomLogEntry = z.object({
  seq: z.number().int().positive(),
  at: Timestamp,
  kind: RoomEventKind,
  body: z.record(z.string(), z.unknown()),
});
export type RoomLogEntry = z.infer<typeof RoomLogEntry>;
export const RoomEventQuery = z.object({
  after: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});
/** `last` is the number of the newest event, so that a reader knows how far behind it is. */
export const RoomEventList = z.object({
  items: z.array(RoomLogEntry),
  last: z.number().int().nonnegative(),
});

/** `GET /api/v1/rooms/hosts`: every media host that can be reached through one of its rooms. */
export const HostList = z.object({
  items: z.array(
    z.object({
      nodeId: Id,
      nodeName: z.string(),
      /** Null: it did not answer. */
      usage: HostUsage.nullable(),
    }),
  ),
});

/** Any JSON object of a media host: descriptions, statistics. mediasoup's own words. */
export const MediaFacts = z.record(z.string(), z.unknown());
export const MediaFactsList = z.object({ items: z.array(MediaFacts) });

/** What `backlot console` can ask of the media hosts. */
export const consoleKinds = [
  'worker',
  'webRtcServer',
  'router',
  'transport',
  'producer',
  'consumer',
  'dataProducer',
  'dataConsumer',
] as const;
export const ConsoleKind = z.enum(consoleKinds);
export type ConsoleKind = z.infer<typeof ConsoleKind>;

/** `POST /api/v1/rooms/console` */
export const ConsoleRequest = z.discriminatedUnion('command', [
  z.object({ command: z.literal('usage') }),
  z.object({ command: z.literal('rooms') }),
  z.object({ command: z.literal('logLevel'), level: LogLevel }),
  z.object({ command: z.literal('logTags'), tags: z.array(LogTag).max(20) }),
  /** Without an id, of the newest object of that kind; of workers: all. */
  z.object({ command: z.literal('dump'), kind: ConsoleKind, id: z.string().max(64).optional() }),
  z.object({
    command: z.literal('stats'),
    kind: ConsoleKind.exclude(['worker', 'webRtcServer', 'router']),
    id: z.string().max(64).optional(),
  }),
  /** Ids for the completion of what is typed. */
  z.object({ command: z.literal('ids'), kind: ConsoleKind }),
]);
export type ConsoleRequest = z.infer<typeof ConsoleRequest>;

/** One answer for each node that had one; an id is on one node only. */
export const ConsoleAnswer = z.object({
  nodes: z.array(
    z.object({ nodeId: Id, nodeName: z.string(), data: z.unknown(), error: z.string().nullable() }),
  ),
});
export type ConsoleAnswer = z.infer<typeof ConsoleAnswer>;
