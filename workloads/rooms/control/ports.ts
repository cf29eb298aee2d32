import type { Id, Language } from '@backlot/contract';
import type { Actor } from '@backlot/control/workload';
import type { GrantsInput, PermissionChanges, Permissions, Role, TokenClaims } from '../contract/grants.ts';
import type {
  AppData,
  DtlsParameters,
  IceCandidate,
  IceParameters,
  MediaKind,
  RouterCodec,
  RtpCapabilities,
  RtpParameters,
  RtpParametersInput,
  SctpStreamParameters,
  SrtpParameters,
} from '../contract/media/rtp.ts';
import type {
  Participant,
  Room,
  RoomChanges,
  RoomSettingsInput,
  RoomState,
  Track,
} from '../contract/room.ts';
import type {
  EndReason,
  NotificationData,
  NotificationName,
  PeerInfo,
  RoomInfo,
  SelfInfo,
  ServerRequestData,
  ServerRequestName,
} from '../contract/signalling.ts';

/**
 * The one service that signalling, REST, WHIP, WHEP and Nuve share. Everything that happens to a room happens through
 * it, so that a right is checked in one place and everybody hears of a change whoever made it.
 */

/** How a room is named by whoever asks: its id or its name (only open rooms are found by name). */
export type RoomRef = string;

export interface RoomDraft {
  readonly name: string;
  readonly projectId: Id;
  readonly settings?: RoomSettingsInput;
}

export interface RoomFilter {
  readonly projects: 'all' | readonly Id[];
  readonly states?: readonly RoomState[];
  /** Rooms with an id smaller than this (newest first). */
  readonly before?: Id;
  readonly limit: number;
}

/** Who steers a room: an actor of the API, or a participant with `admin`. */
export interface Moderator {
  /** As others are told: "Ada", "the API". */
  readonly name: string;
  /** Identity of a participant; null when it is the API. */
  readonly identity: string | null;
  readonly actor: Actor | null;
}

export interface Rooms {
  readonly tokens: RoomTokens;

  /** @throws room_exists, invalid_input, not_found (the project) */
  create(draft: RoomDraft, actor: Actor): Promise<Room>;
  /** @throws room_not_found */
  get(ref: RoomRef): Promise<Room>;
  list(filter: RoomFilter): Promise<Room[]>;
  /** Settings and lock. @throws room_not_found */
  change(ref: RoomRef, changes: RoomChanges, by: Moderator): Promise<Room>;
  /** Everybody is told and put out; its place is given back. Closing a closed room does nothing. */
  close(ref: RoomRef, by: Moderator): Promise<void>;

  participants(ref: RoomRef): Promise<Participant[]>;
  /** @throws participant_not_found */
  participant(ref: RoomRef, identity: string): Promise<Participant>;
  tracks(ref: RoomRef): Promise<Track[]>;

  /**
   * Takes a place in a room: finds it (or opens it, where the claims allow that), checks lock, size, lobby and ban. The
   * seat is not announced before `join`. The same identity entering again puts the older one out (`replaced`).
   * @throws room_not_found, room_locked, room_full, room_draining, room_without_place, participant_banned
   */
  enter(request: EntryRequest): Promise<Seat>;
  /** The seat of somebody who is there, for programs that come back to it (broadcasters, WHIP). */
  seat(ref: RoomRef, identity: string): Promise<Seat>;

  /** Puts somebody out. `revoke`: tokens issued until now don't let this identity in again. */
  kick(
    ref: RoomRef,
    identity: string,
    by: Moderator,
    options?: { revoke?: boolean; reason?: string },
  ): Promise<void>;
  /** Mutes (or lets go on) tracks of one participant; the ids of those that changed. */
  mute(
    ref: RoomRef,
    identity: string,
    what: { producerId?: string; kind?: MediaKind; muted: boolean },
    by: Moderator,
  ): Promise<string[]>;
  /** Everybody's tracks of a kind, except moderators'. */
  muteAll(ref: RoomRef, kind: MediaKind, by: Moderator): Promise<string[]>;
  setPermissions(
    ref: RoomRef,
    identity: string,
    changes: PermissionChanges,
    by: Moderator,
  ): Promise<Participant>;
  setRole(ref: RoomRef, identity: string, role: Role, by: Moderator): Promise<Participant>;
  /** Who waits in the lobby. */
  waiting(ref: RoomRef): Promise<{ identity: string; name: string }[]>;
  admit(ref: RoomRef, identity: string, by: Moderator): Promise<void>;
  deny(ref: RoomRef, identity: string, by: Moderator, reason?: string): Promise<void>;
  /**
   * Sends a participant to another room of the same project with a token of the same rights; its seat here ends. By
   * somebody who is no moderator there, they go without rights over others, and wait in its lobby like everybody.
   * @throws room_not_found, participant_not_found
   */
  move(ref: RoomRef, identity: string, to: RoomRef, by: Moderator): Promise<void>;
  /** A message made by us or by the API to those with the right to data; how many it was sent to. */
  sendData(
    ref: RoomRef,
    message: { from: string | null; topic: string; to?: readonly string[]; payload: unknown },
  ): Promise<number>;

  /** Recordings tell here whether a room is being recorded, so that people in it are told. */
  setRecording(ref: RoomRef, recording: boolean): Promise<void>;
  /** A call to the media host of a room, for what has no word of its own here (dump, stats, recording). */
  media(ref: RoomRef): Promise<RoomMedia>;
  /** Called for everything that happens in rooms, in order for each room. The returned function ends it. */
  onEvent(listener: (event: RoomEvent) => void): () => void;
}

/** Calls to the media host of one room: `contract/media.ts` has the methods. */
export interface RoomMedia {
  readonly nodeId: Id;
  readonly allocation: Id;
  call(method: string, payload: unknown, deadlineMs?: number): Promise<unknown>;
}

export interface RoomTokens {
  /** A signed token. `ttlS` is bounded by `tokenLifetime.max`. */
  issue(draft: {
    identity: string;
    grants: GrantsInput;
    ttlS?: number;
    projectId?: Id;
  }): Promise<{ token: string; id: Id; expiresAt: string }>;
  /** Verified without asking anyone but the list of the revoked. @throws room_token_invalid, room_token_expired, room_token_revoked */
  verify(token: string): Promise<TokenClaims>;
  /** One token by its id, or every token of an identity in a room issued until now. */
  revoke(what: { id: Id; expiresAt: string } | { room: string; identity: string }): Promise<void>;
}

export interface EntryRequest {
  readonly room: RoomRef;
  readonly identity: string;
  /** Whose seat it is, when that is not its identity: whoever is put out loses all of theirs. */
  readonly person?: string;
  readonly name: string;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly metadata?: string;
  /** Opens the room when it is not there: in this project. */
  readonly createIn?: { readonly projectId: Id; readonly settings?: RoomSettingsInput };
  /** The token it came with; null for the API and for the open mode. */
  readonly claims: TokenClaims | null;
  /** Made by whom the lobby is not for: the API, and tokens for programs alone. Others by HTTP are refused by it. */
  readonly passesLobby?: boolean;
  /** `signalling`: a session; `api`: made over HTTP, has no ears unless it brings some. */
  readonly via: 'signalling' | 'api';
  readonly language?: Language;
  readonly listener?: SeatListener;
  /** What its client can resume with; made by signalling. */
  readonly sessionId?: string;
  /** Grows with every socket: of two of the same identity the later one stays. */
  readonly arrival?: number;
  /** In the open mode: whoever comes into a room in which nobody is, moderates it. */
  readonly hostIfFirst?: boolean;
  /** Its client knows `transportsLost` and resumes; others begin anew. */
  readonly resumable?: boolean;
}

/** How a seat tells its owner what happens. Calls never throw and never wait. */
export interface SeatListener {
  notify<N extends NotificationName>(method: N, data: NotificationData<N>): void;
  /** Resolves when the client has accepted. @throws when it refuses, or does not answer in time */
  request<N extends ServerRequestName>(method: N, data: ServerRequestData<N>): Promise<unknown>;
  /** The seat has ended; `message` is for people. */
  ended(reason: EndReason, message: string): void;
  /** Its media is gone and can't be told in words that this client knows: begin anew. */
  again(): void;
}

export interface TransportOffer {
  readonly id: string;
  readonly iceParameters: IceParameters;
  readonly iceCandidates: readonly IceCandidate[];
  readonly dtlsParameters: DtlsParameters;
  readonly sctpParameters?: Readonly<Record<string, unknown>>;
}
export interface PlainOffer {
  readonly id: string;
  readonly ip: string;
  readonly port: number;
  readonly rtcpPort?: number;
  readonly srtpParameters?: SrtpParameters;
}
export interface ConsumerOffer {
  readonly id: string;
  readonly producerId: string;
  readonly kind: MediaKind;
  readonly rtpParameters: RtpParameters;
  readonly type: string;
  readonly paused: boolean;
  readonly producerPaused: boolean;
}
export interface ConsumerDataOffer {
  readonly id: string;
  readonly dataProducerId: string;
  readonly sctpStreamParameters: Readonly<Record<string, unknown>>;
  readonly label: string;
  readonly protocol: string;
}

/** What a client may do once it has joined. */
export interface JoinRequest {
  readonly displayName?: string;
  readonly device?: Record<string, unknown>;
  /** Absent: receives nothing. */
  readonly rtpCapabilities?: RtpCapabilities;
  /** Takes data channels. */
  readonly data: boolean;
  /** Additional consumers of every track, for load tests. */
  readonly consumerReplicas?: number;
}
export type JoinResult =
  | { readonly state: 'joined'; readonly self: SelfInfo; readonly room: RoomInfo; readonly peers: PeerInfo[] }
  | {
      readonly state: 'lobby';
      readonly self: SelfInfo;
      readonly room: { readonly id: string; readonly name: string };
    };

/**
 * A participant's place in a room. Every call checks the participant's rights as they are now. Ids of objects that are
 * not this participant's are answered `media_object_not_found`.
 */
export interface Seat {
  readonly roomId: Id;
  readonly roomName: string;
  readonly identity: string;
  readonly self: SelfInfo;
  readonly joined: boolean;
  readonly closed: boolean;

  /** What the room's router can; there is none before the room has its place, so this waits for that. */
  routerRtpCapabilities(): Promise<RtpCapabilities>;
  /** Announces it, and has consumers made of everything that it is subscribed to. @throws already_joined */
  join(request: JoinRequest): Promise<JoinResult>;
  /** Lets go of everything. Never throws. */
  leave(reason?: EndReason): Promise<void>;
  /** Another owner hears from now on (a resumed session); null: nobody does, requests to it fail. */
  attach(listener: SeatListener | null): void;
  peers(): PeerInfo[];

  createWebRtcTransport(request: {
    direction: 'producer' | 'consumer';
    forceTcp?: boolean;
    sctp: boolean;
    /** Its client is told what it can be sent (`downlinkBwe`). */
    tellBandwidth?: boolean;
    /** For an answerer that must send with the payload types of an offer (WHEP): a router with just these codecs. */
    codecs?: readonly RouterCodec[];
  }): Promise<TransportOffer>;
  createPlainTransport(request: {
    direction: 'producer' | 'consumer';
    rtcpMux: boolean;
    comedia: boolean;
    sctp?: boolean;
    srtp?: SrtpParameters['cryptoSuite'];
  }): Promise<PlainOffer>;
  connectWebRtcTransport(transportId: string, dtlsParameters: DtlsParameters): Promise<void>;
  connectPlainTransport(
    transportId: string,
    remote: { ip?: string; port?: number; rtcpPort?: number; srtpParameters?: SrtpParameters },
  ): Promise<void>;
  restartIce(transportId: string): Promise<IceParameters>;
  closeTransport(transportId: string): Promise<void>;

  produce(request: {
    transportId: string;
    kind: MediaKind;
    rtpParameters: RtpParametersInput;
    appData: AppData;
    paused?: boolean;
  }): Promise<{ id: string; type: string }>;
  closeProducer(producerId: string): Promise<void>;
  pauseProducer(producerId: string): Promise<void>;
  resumeProducer(producerId: string): Promise<void>;

  /** For programs: a consumer on a transport of theirs, paused until resumed. Sessions are given theirs by the room. */
  consume(request: {
    transportId: string;
    producerId: string;
    rtpCapabilities?: RtpCapabilities;
    paused?: boolean;
  }): Promise<ConsumerOffer>;
  closeConsumer(consumerId: string): Promise<void>;
  pauseConsumer(consumerId: string): Promise<void>;
  resumeConsumer(consumerId: string): Promise<void>;
  setPreferredLayers(
    consumerId: string,
    layers: { spatialLayer: number; temporalLayer?: number },
  ): Promise<void>;
  setPriority(consumerId: string, priority: number): Promise<void>;
  requestKeyFrame(consumerId: string): Promise<void>;
  subscribe(producerIds: readonly string[]): Promise<void>;
  unsubscribe(producerIds: readonly string[]): Promise<void>;
  setViewport(
    views: readonly { producerId: string; width: number; height: number; priority?: number }[],
  ): Promise<void>;

  produceData(request: {
    transportId: string;
    sctpStreamParameters?: SctpStreamParameters;
    label: string;
    protocol: string;
    appData: AppData;
  }): Promise<{ id: string }>;
  consumeData(request: { transportId: string; dataProducerId: string }): Promise<ConsumerDataOffer>;
  closeDataProducer(dataProducerId: string): Promise<void>;

  /** mediasoup's statistics of an object of this participant. */
  stats(
    what: 'transport' | 'producer' | 'consumer' | 'dataProducer' | 'dataConsumer',
    id: string,
  ): Promise<unknown[]>;
  setName(name: string): Promise<void>;
  /** Asks another participant's client. @throws rpc_unanswered, rpc_refused, participant_not_found */
  rpc(to: string, method: string, payload: unknown, timeoutMs: number): Promise<unknown>;
  /** Impairs this participant's own media, in user space. `null` takes it away. Bits per second, milliseconds, 0..1. */
  throttle(
    limits: { uplinkBps?: number; downlinkBps?: number; rttMs?: number; loss?: number } | null,
  ): Promise<void>;
}

/** What happens in rooms, for webhooks, pages and metrics. */
export type RoomEvent =
  | { readonly kind: 'room.opened'; readonly room: Room }
  | { readonly kind: 'room.changed'; readonly room: Room }
  | {
      readonly kind: 'room.closed';
      readonly room: Room;
      readonly reason: 'api' | 'empty' | 'departed' | 'lost';
    }
  | { readonly kind: 'participant.joined'; readonly room: Room; readonly participant: Participant }
  | { readonly kind: 'participant.changed'; readonly room: Room; readonly participant: Participant }
  | {
      readonly kind: 'participant.left';
      readonly room: Room;
      readonly participant: Participant;
      readonly reason: EndReason;
    }
  | { readonly kind: 'track.published'; readonly room: Room; readonly track: Track }
  | { readonly kind: 'track.changed'; readonly room: Room; readonly track: Track }
  | { readonly kind: 'track.unpublished'; readonly room: Room; readonly track: Track }
  | { readonly kind: 'speaker.changed'; readonly room: Room; readonly identity: string | null }
  /** A report of the host, passed on whole (scores, connection states, recording). */
  | { readonly kind: 'media'; readonly room: Room; readonly event: Readonly<Record<string, unknown>> };
