import type { types } from 'mediasoup-client';
import type {
  ParticipantState,
  Permissions,
  Role,
  RoomChange,
  RoomInfo,
  TrackSource,
  TrackState,
  Waiting,
} from './state.ts';
import { trackSources } from './state.ts';

/**
 * What the server says, as plain types, and how it changes the state. The server's contract is checked against these
 * in the tests of the rooms workload; here they are only read, and what is missing gets a harmless value.
 */

export interface WireTrack {
  readonly producerId: string;
  readonly kind: 'audio' | 'video';
  readonly source: TrackSource;
  readonly type: string;
  readonly paused: boolean;
  readonly muted: boolean;
  readonly appData: Readonly<Record<string, unknown>>;
}

export interface WirePeer {
  readonly id: string;
  readonly displayName: string;
  readonly role: Role;
  readonly metadata: string;
  readonly producers: readonly WireTrack[];
}

export interface WireSelf {
  readonly id: string;
  readonly displayName: string;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly metadata: string;
}

export interface WireRoom {
  readonly name: string;
  readonly locked: boolean;
  readonly lobby: boolean;
  readonly audience: boolean;
  readonly recording: boolean;
  readonly metadata: string;
}

export type JoinAnswer =
  | {
      readonly state: 'joined';
      readonly self: WireSelf;
      readonly room: WireRoom;
      readonly peers: readonly WirePeer[];
    }
  | { readonly state: 'lobby'; readonly self: WireSelf; readonly room: { readonly name: string } };

/** After a restart of the control plane a resumed session gets the state as it is. */
export interface Snapshot {
  readonly self: WireSelf;
  readonly room: WireRoom;
  readonly peers: readonly WirePeer[];
  readonly transportIds: readonly string[];
  readonly producerIds: readonly string[];
  readonly consumerIds: readonly string[];
  readonly dataProducerIds: readonly string[];
  readonly dataConsumerIds: readonly string[];
}

export interface NewConsumer {
  readonly peerId: string;
  readonly transportId: string;
  readonly consumerId: string;
  readonly producerId: string;
  readonly kind: 'audio' | 'video';
  readonly rtpParameters: types.RtpParameters;
  readonly producerPaused: boolean;
  readonly appData: Readonly<Record<string, unknown>>;
}

export interface NewDataConsumer {
  readonly peerId?: string;
  readonly transportId: string;
  readonly dataConsumerId: string;
  readonly dataProducerId: string;
  readonly sctpStreamParameters: types.SctpStreamParameters;
  readonly label: string;
  readonly protocol: string;
}

export type TransportAnswer = Pick<
  types.TransportOptions,
  'iceParameters' | 'iceCandidates' | 'dtlsParameters' | 'sctpParameters' | 'iceServers'
> & { readonly transportId: string };

/** Why one is no longer in the room; a newer server may say other words. */
export type EndReason =
  | 'left'
  | 'kicked'
  | 'denied'
  | 'replaced'
  | 'room_closed'
  | 'moved'
  | 'revoked'
  | 'timed_out'
  | 'refused'
  | 'unreachable';

export function toTrack(identity: string, track: WireTrack): TrackState {
  return {
    id: track.producerId,
    identity,
    kind: track.kind,
    source: trackSources.includes(track.source) ? track.source : 'other',
    paused: track.paused,
    muted: track.muted,
    subscribed: false,
    sentScore: null,
    receivedScore: null,
    layers: null,
  };
}

export function toParticipant(peer: WirePeer): ParticipantState {
  return {
    identity: peer.id,
    name: peer.displayName,
    role: peer.role,
    permissions: null,
    metadata: peer.metadata,
    away: false,
    tracks: new Map(peer.producers.map((track) => [track.producerId, toTrack(peer.id, track)])),
  };
}

export function toSelf(self: WireSelf, tracks: ReadonlyMap<string, TrackState>): ParticipantState {
  return {
    identity: self.id,
    name: self.displayName,
    role: self.role,
    permissions: self.permissions,
    metadata: self.metadata,
    away: false,
    tracks,
  };
}

export function toRoomInfo(room: WireRoom): RoomInfo {
  const { name, locked, lobby, audience, recording, metadata } = room;
  return { name, locked, lobby, audience, recording, metadata };
}

/** The state as one joins it; one's own tracks are those that are being sent already. */
export function toJoined(
  answer: { readonly self: WireSelf; readonly room: WireRoom; readonly peers: readonly WirePeer[] },
  own: ReadonlyMap<string, TrackState>,
): RoomChange {
  const others = answer.peers.filter((peer) => peer.id !== answer.self.id).map(toParticipant);
  return {
    type: 'joined',
    self: answer.self.id,
    room: toRoomInfo(answer.room),
    participants: [...others, toSelf(answer.self, own)],
    waiting: [],
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire; each reader below takes the fields that the contract names.
type Data = any;

/** How each notification changes the state. `producerOf` finds what is received by a consumer's id. */
const readers: Readonly<
  Record<string, (data: Data, producerOf: (consumerId: string) => string | undefined) => RoomChange[]>
> = {
  newPeer: ({ peer }) => [{ type: 'participantJoined', participant: toParticipant(peer) }],
  peerClosed: ({ peerId }) => [{ type: 'participantLeft', identity: peerId }],
  peerDisplayNameChanged: ({ peerId, displayName }) => [
    { type: 'participantChanged', identity: peerId, change: { name: displayName } },
  ],
  peerChanged: ({ peer }) => [
    {
      type: 'participantChanged',
      identity: peer.id,
      change: { name: peer.displayName, role: peer.role, metadata: peer.metadata },
    },
  ],
  newProducer: ({ peerId, producer }) => [{ type: 'trackPublished', track: toTrack(peerId, producer) }],
  producerClosed: ({ producerId }) => [{ type: 'trackUnpublished', id: producerId }],
  producerPaused: ({ producerId, muted }) => [
    { type: 'trackChanged', id: producerId, change: { paused: true, muted: muted === true } },
  ],
  producerResumed: ({ producerId }) => [
    { type: 'trackChanged', id: producerId, change: { paused: false, muted: false } },
  ],
  producerScore: ({ producerId, score }) => [
    { type: 'trackChanged', id: producerId, change: { sentScore: bestScore(score) } },
  ],
  consumerScore: ({ consumerId, score }, producerOf) => {
    const id = producerOf(consumerId);
    if (id === undefined) return [];
    return [
      {
        type: 'trackChanged',
        id,
        change: { receivedScore: numberOf(score.score), sentScore: numberOf(score.producerScore) },
      },
    ];
  },
  consumerLayersChanged: ({ consumerId, layers }, producerOf) => {
    const id = producerOf(consumerId);
    if (id === undefined) return [];
    const shown = layers
      ? { spatial: Number(layers.spatialLayer), temporal: numberOf(layers.temporalLayer) }
      : null;
    return [{ type: 'trackChanged', id, change: { layers: shown } }];
  },
  activeSpeaker: ({ peerId }) => [{ type: 'activeSpeaker', identity: peerId ?? null }],
  speakingPeers: ({ peerVolumes }) => [
    {
      type: 'levels',
      levels: new Map(
        peerVolumes.map((one: { peerId: string; volume: number }) => [one.peerId, one.volume] as const),
      ),
    },
  ],
  roomChanged: ({ room }) => [{ type: 'room', room: toRoomInfo(room) }],
  lobbyChanged: ({ waiting }) => [
    {
      type: 'waiting',
      waiting: waiting.map(
        (one: { peerId: string; displayName: string }): Waiting => ({
          identity: one.peerId,
          name: one.displayName,
        }),
      ),
    },
  ],
};

/** What a notification changes; nothing for one that is about media only, or that we do not know. */
export function changesOf(
  method: string,
  data: unknown,
  producerOf: (consumerId: string) => string | undefined,
): readonly RoomChange[] {
  return Object.hasOwn(readers, method) ? (readers[method]?.(data as Data, producerOf) ?? []) : [];
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** Of several encodings the best one counts: those that nobody wants are paused and have none. */
function bestScore(scores: readonly { readonly score?: unknown }[]): number | null {
  const known = scores.map(({ score }) => numberOf(score)).filter((score) => score !== null);
  return known.length === 0 ? null : Math.max(...known);
}
