import { PhraseParams } from '@backlot/contract';
import { z } from 'zod';
import { Identity, Permissions, Role, RoomName, TrackSource } from '../grants.ts';
import { Layers, MediaKind } from '../media/rtp.ts';

/**
 * What the server says by itself, in the words of our own clients. Sessions of a demo's client get the same facts in
 * their vocabulary (`control/signalling/vocabulary.ts`), and nothing that only ours know.
 */

const id = z.string();

/** A track of somebody, whether it is subscribed or not. */
export const ProducerInfo = z.object({
  producerId: id,
  kind: MediaKind,
  source: TrackSource,
  type: z.string(),
  paused: z.boolean(),
  muted: z.boolean(),
  appData: z.record(z.string(), z.unknown()),
});
export type ProducerInfo = z.infer<typeof ProducerInfo>;

/** `id` and `peerId` are the same: the demos differ in the name. */
export const PeerInfo = z.object({
  id: Identity,
  peerId: Identity,
  displayName: z.string(),
  device: z.record(z.string(), z.unknown()),
  role: Role,
  metadata: z.string(),
  producers: z.array(ProducerInfo),
});
export type PeerInfo = z.infer<typeof PeerInfo>;

export const RoomInfo = z.object({
  id: z.uuid(),
  name: RoomName,
  locked: z.boolean(),
  lobby: z.boolean(),
  audience: z.boolean(),
  autoSubscribe: z.boolean(),
  recording: z.boolean(),
  metadata: z.string(),
  maxTracksPerParticipant: z.number().int(),
});
export type RoomInfo = z.infer<typeof RoomInfo>;

export const SelfInfo = z.object({
  id: Identity,
  displayName: z.string(),
  role: Role,
  permissions: Permissions,
  metadata: z.string(),
});
export type SelfInfo = z.infer<typeof SelfInfo>;

/** The answer to `join`. In the lobby nothing else is told; `admitted` or `denied` follows, then join again. */
export const JoinAnswer = z.union([
  z.object({ state: z.literal('joined'), self: SelfInfo, room: RoomInfo, peers: z.array(PeerInfo) }),
  z.object({ state: z.literal('lobby'), self: SelfInfo, room: RoomInfo.pick({ id: true, name: true }) }),
]);
export type JoinAnswer = z.infer<typeof JoinAnswer>;

/** The answer to `resume`: what was missed follows at once, in order. */
export const ResumeAnswer = z.object({
  resumed: z.literal(true),
  replayed: z.number().int().nonnegative(),
  /** True after a restart of the control plane: take this as the state, what was said meanwhile is not known. */
  snapshot: z
    .object({
      self: SelfInfo,
      room: RoomInfo,
      peers: z.array(PeerInfo),
      transportIds: z.array(id),
      producerIds: z.array(id),
      consumerIds: z.array(id),
      dataProducerIds: z.array(id),
      dataConsumerIds: z.array(id),
    })
    .nullable(),
});
export type ResumeAnswer = z.infer<typeof ResumeAnswer>;

const peer = z.object({ peerId: Identity });
const producer = peer.extend({ producerId: id });

export const endReasons = [
  'left',
  'kicked',
  'denied',
  'replaced',
  'room_closed',
  'moved',
  'revoked',
  'timed_out',
  'refused',
] as const;
export const EndReason = z.enum(endReasons);
export type EndReason = z.infer<typeof EndReason>;

export const notifications = {
  /** Always first on a new session. */
  welcome: z.object({
    sessionId: z.string(),
    resumeMs: z.number().int(),
    peerId: Identity,
    version: z.string(),
    /** Bytes of one message. */
    maxMessageBytes: z.number().int(),
  }),
  mediasoupVersion: z.object({ version: z.string() }),
  newPeer: z.object({ peer: PeerInfo }),
  peerClosed: peer.extend({ reason: EndReason }),
  peerDisplayNameChanged: peer.extend({ displayName: z.string(), oldDisplayName: z.string() }),
  /** A peer's role, rights or metadata. */
  peerChanged: z.object({ peer: PeerInfo.omit({ producers: true }) }),
  newProducer: peer.extend({ producer: ProducerInfo }),
  producerClosed: producer,
  producerPaused: producer.extend({ muted: z.boolean() }),
  producerResumed: producer,
  producerScore: z.object({ producerId: id, score: z.array(z.record(z.string(), z.unknown())) }),
  consumerScore: z.object({ consumerId: id, score: z.record(z.string(), z.unknown()) }),
  consumerLayersChanged: z.object({
    consumerId: id,
    layers: Layers.nullable(),
  }),
  consumerPaused: z.object({ consumerId: id }),
  consumerResumed: z.object({ consumerId: id }),
  consumerClosed: z.object({ consumerId: id }),
  dataConsumerClosed: z.object({ dataConsumerId: id }),
  /** Nobody speaks: no `peerId`. */
  activeSpeaker: z.object({ peerId: Identity.optional(), volume: z.number().optional() }),
  speakingPeers: z.object({ peerVolumes: z.array(z.object({ peerId: Identity, volume: z.number() })) }),
  downlinkBwe: z.object({
    desiredBitrate: z.number(),
    effectiveDesiredBitrate: z.number(),
    availableBitrate: z.number(),
  }),
  /** The highest layers that anybody wants of your track; null: nobody wants it. */
  wantedLayers: z.object({ producerId: id, maxSpatialLayer: z.number().int().nullable() }),
  /** These are gone (a worker died, the room moved): make new ones. Your tracks are still announced. */
  transportsLost: z.object({ transportIds: z.array(id), reason: z.string() }),
  roomChanged: z.object({ room: RoomInfo }),
  permissionsChanged: z.object({ role: Role, permissions: Permissions }),
  /** A moderator has muted or unmuted a track of yours. */
  muted: z.object({ producerId: id, muted: z.boolean(), by: z.string() }),
  /** To moderators: who waits. */
  lobbyChanged: z.object({ waiting: z.array(z.object({ peerId: Identity, displayName: z.string() })) }),
  /** To somebody in the lobby: call `join` again. */
  admitted: z.object({}),
  /** Go there: connect to this room with this token. The socket is closed next. */
  moved: z.object({ roomId: RoomName, token: z.string() }),
  /** The last word before the socket is closed for good. */
  ended: z.object({
    reason: EndReason,
    message: z.string(),
    /** Of the error for which somebody was refused, for pages that say it in words of their own. */
    code: z.string().optional(),
    params: PhraseParams.optional(),
  }),
  data: z.object({ from: Identity.nullable(), topic: z.string(), payload: z.unknown() }),
} as const;
export type NotificationName = keyof typeof notifications;
export type NotificationData<N extends NotificationName> = z.input<(typeof notifications)[N]>;

/** What the server asks of a client. `newConsumer` must be accepted before media flows. */
export const serverRequests = {
  newConsumer: z.object({
    peerId: Identity,
    transportId: id,
    consumerId: id,
    producerId: id,
    kind: MediaKind,
    rtpParameters: z.record(z.string(), z.unknown()),
    type: z.string(),
    producerPaused: z.boolean(),
    consumerScore: z.unknown(),
    appData: z.record(z.string(), z.unknown()),
  }),
  newDataConsumer: z.object({
    /** Absent for the bot. */
    peerId: Identity.optional(),
    transportId: id,
    dataConsumerId: id,
    dataProducerId: id,
    sctpStreamParameters: z.record(z.string(), z.unknown()),
    label: z.string(),
    protocol: z.string(),
    appData: z.record(z.string(), z.unknown()),
  }),
  rpc: z.object({ from: Identity, method: z.string(), payload: z.unknown() }),
} as const;
export type ServerRequestName = keyof typeof serverRequests;
export type ServerRequestData<N extends ServerRequestName> = z.input<(typeof serverRequests)[N]>;
