import { changesOf } from '@backlot/contract/changes';
import { z } from 'zod';
import { DisplayName, Identity, Permissions, Role, RoomName, TrackSource } from './grants.ts';

/** Kind of the job that holds a room's place in the fleet, and its one permission-carrying words. */
export const ROOM_JOB = 'rooms.room';

/** The codecs that a room can be told to offer, in its order of preference. */
export const roomCodecs = ['opus', 'vp8', 'vp9', 'h264', 'av1'] as const;
export const RoomCodec = z.enum(roomCodecs);
export type RoomCodec = z.infer<typeof RoomCodec>;

/**
 * created   known, nobody has been there; has no place yet
 * active    has its place: a media host with routers of its own
 * moving    its place is gone (node lost, job queued again) and a new one is being found; people wait connected
 * draining  its place takes nobody new and will be given back
 * closed    for good
 */
export const roomStates = ['created', 'active', 'moving', 'draining', 'closed'] as const;
export const RoomState = z.enum(roomStates);
export type RoomState = z.infer<typeof RoomState>;

/** Allowed changes of a room's state; anything else is refused with `illegal_transition`. */
export const roomTransitions: Readonly<Record<RoomState, readonly RoomState[]>> = {
  created: ['active', 'closed'],
  active: ['moving', 'draining', 'closed'],
  moving: ['active', 'closed'],
  draining: ['moving', 'active', 'closed'],
  closed: [],
};

export function mayBecome(from: RoomState, to: RoomState): boolean {
  return roomTransitions[from].includes(to);
}

/** How a room behaves. All of it can be changed while it is open, except `codecs`. */
export const RoomSettings = z.object({
  /** Whoever may subscribe gets every track without asking. */
  autoSubscribe: z.boolean().default(true),
  /** Viewers that publish nothing are not announced to others, so that thousands cost nobody a message. */
  audience: z.boolean().default(false),
  /** Whoever is no moderator waits until one lets them in. */
  lobby: z.boolean().default(false),
  maxParticipants: z.number().int().min(1).max(10_000).default(500),
  /** Seconds after which a room that nobody has joined yet is closed; 0: never. */
  emptyTimeoutS: z
    .number()
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(300),
  /** Seconds after which a room that everybody has left is closed; 0: never. */
  departureTimeoutS: z
    .number()
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(20),
  codecs: z
    .array(RoomCodec)
    .min(1)
    .max(roomCodecs.length)
    .refine((list) => new Set(list).size === list.length, { message: 'A codec stands in the list once.' })
    .default(['opus', 'vp8', 'vp9', 'h264']),
  /** Bits per second that a participant may send; for each transport. */
  maxIncomingBitrate: z.number().int().min(50_000).max(100_000_000).default(1_500_000),
  /** Bits per second with which the estimate for a receiver starts. */
  initialOutgoingBitrate: z.number().int().min(50_000).max(100_000_000).default(1_000_000),
  /** Bytes of one data message. */
  maxMessageSize: z.number().int().min(1_024).max(262_144).default(262_144),
  /** Tracks that one participant may publish at a time. */
  maxTracksPerParticipant: z.number().int().min(1).max(64).default(16),
  /** The demo's data-channel bot, which counts the messages it gets and says so. */
  bot: z.boolean().default(false),
  /** Every track is recorded from its start. */
  record: z.boolean().default(false),
  /** Free text that participants see. */
  metadata: z.string().max(16_384).default(''),
});
export type RoomSettings = z.infer<typeof RoomSettings>;
export type RoomSettingsInput = z.input<typeof RoomSettings>;

/** What may be changed in an open room. */
export const RoomChanges = changesOf(RoomSettings.omit({ codecs: true }).extend({ locked: z.boolean() }));
export type RoomChanges = z.infer<typeof RoomChanges>;

export const Room = z.object({
  id: z.uuid(),
  name: RoomName,
  projectId: z.uuid(),
  state: RoomState,
  settings: RoomSettings,
  /** Nobody new gets in, except moderators. */
  locked: z.boolean(),
  participants: z.number().int().nonnegative(),
  /** Where its media is, while it has a place. */
  nodeId: z.uuid().nullable(),
  jobId: z.uuid().nullable(),
  createdAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
});
export type Room = z.infer<typeof Room>;

export const trackKinds = ['audio', 'video'] as const;

/** A published track, as people and programs see it. */
export const Track = z.object({
  /** The producer's id. */
  id: z.string(),
  identity: Identity,
  kind: z.enum(trackKinds),
  source: TrackSource,
  /** simple, simulcast or svc. */
  type: z.string(),
  codec: z.string(),
  paused: z.boolean(),
  /** A moderator has muted it: its publisher can't resume it until the moderator lets it. */
  muted: z.boolean(),
});
export type Track = z.infer<typeof Track>;

/**
 * connected  its signalling is there
 * away       its signalling broke; it may resume until `resume` seconds have passed, its media goes on
 * lobby      waits to be let in
 * api        made by a program over HTTP (broadcaster, WHIP, WHEP): has no signalling
 */
export const participantStates = ['connected', 'away', 'lobby', 'api'] as const;

export const Participant = z.object({
  identity: Identity,
  name: DisplayName,
  state: z.enum(participantStates),
  role: Role,
  permissions: Permissions,
  metadata: z.string(),
  joinedAt: z.iso.datetime(),
  device: z.record(z.string(), z.unknown()),
  tracks: z.array(Track),
});
export type Participant = z.infer<typeof Participant>;
