/** Where a track comes from. */
export const trackSources = ['microphone', 'camera', 'screen', 'screen-audio', 'other'] as const;
export type TrackSource = (typeof trackSources)[number];

export type Role = 'host' | 'member' | 'viewer';

/** What a participant may do; it can change while it is connected. */
export interface Permissions {
  readonly publish: readonly TrackSource[];
  readonly subscribe: boolean;
  readonly data: boolean;
  readonly hidden: boolean;
  /** Moderates: kick, mute, lock, lobby, permissions of others. */
  readonly admin: boolean;
}

export interface TrackState {
  /** The producer's id. */
  readonly id: string;
  readonly identity: string;
  readonly kind: 'audio' | 'video';
  readonly source: TrackSource;
  /** Its publisher sends nothing at the moment. */
  readonly paused: boolean;
  /** A moderator has muted it: its publisher can't resume it. */
  readonly muted: boolean;
  /** It is received here (never for one's own). */
  readonly subscribed: boolean;
  /** 0 (nothing gets through) to 10, of what is sent: the publisher's connection. Null until it is known. */
  readonly sentScore: number | null;
  /** The same of what is received here. */
  readonly receivedScore: number | null;
  /** The layers that are received now; null when there are none, or nothing is received. */
  readonly layers: { readonly spatial: number; readonly temporal: number | null } | null;
}

export interface ParticipantState {
  readonly identity: string;
  readonly name: string;
  readonly role: Role;
  /** Known of oneself, and of others to moderators. */
  readonly permissions: Permissions | null;
  readonly metadata: string;
  /** Its signalling broke and it may come back; its media may go on. */
  readonly away: boolean;
  readonly tracks: ReadonlyMap<string, TrackState>;
}

export interface Waiting {
  readonly identity: string;
  readonly name: string;
}

export interface RoomInfo {
  readonly name: string;
  readonly locked: boolean;
  readonly lobby: boolean;
  /** Silent viewers are not announced. */
  readonly audience: boolean;
  readonly recording: boolean;
  readonly metadata: string;
}

/**
 * connecting    the first connection is being made
 * lobby         connected; a moderator has to let one in
 * joined        in the room
 * reconnecting  the connection was lost; media may go on; tries are being made
 * moving        the room's place is gone and a new one is being found
 * closed        for good
 */
export type RoomPhase = 'connecting' | 'lobby' | 'joined' | 'reconnecting' | 'moving' | 'closed';

/** All that is known of a room at one moment. It is never changed: each change makes a new one. */
export interface RoomState {
  readonly phase: RoomPhase;
  readonly room: RoomInfo;
  /** One's own identity; empty until joined. */
  readonly self: string;
  /** With oneself, in the order in which they came. */
  readonly participants: ReadonlyMap<string, ParticipantState>;
  readonly activeSpeaker: string | null;
  /** dB below full scale (-127 … 0) of those who can be heard now. */
  readonly levels: ReadonlyMap<string, number>;
  /** In the lobby; known to moderators. */
  readonly waiting: readonly Waiting[];
  readonly closedBecause: string | null;
}

export type RoomChange =
  | { readonly type: 'phase'; readonly phase: Exclude<RoomPhase, 'closed'> }
  | { readonly type: 'closed'; readonly reason: string }
  | {
      readonly type: 'joined';
      readonly self: string;
      readonly room: RoomInfo;
      readonly participants: readonly ParticipantState[];
      readonly waiting: readonly Waiting[];
    }
  | { readonly type: 'room'; readonly room: Partial<RoomInfo> }
  | { readonly type: 'participantJoined'; readonly participant: ParticipantState }
  | {
      readonly type: 'participantChanged';
      readonly identity: string;
      readonly change: Partial<Omit<ParticipantState, 'identity' | 'tracks'>>;
    }
  | { readonly type: 'participantLeft'; readonly identity: string }
  | { readonly type: 'trackPublished'; readonly track: TrackState }
  | {
      readonly type: 'trackChanged';
      readonly id: string;
      readonly change: Partial<Omit<TrackState, 'id' | 'identity' | 'kind' | 'source'>>;
    }
  | { readonly type: 'trackUnpublished'; readonly id: string }
  /** Whoever was received through the lost transport is not any more. */
  | { readonly type: 'receptionLost' }
  | { readonly type: 'activeSpeaker'; readonly identity: string | null }
  | { readonly type: 'levels'; readonly levels: ReadonlyMap<string, number> }
  | { readonly type: 'waiting'; readonly waiting: readonly Waiting[] };

export const emptyRoom: RoomState = {
  phase: 'connecting',
  room: { name: '', locked: false, lobby: false, audience: false, recording: false, metadata: '' },
  self: '',
  participants: new Map(),
  activeSpeaker: null,
  levels: new Map(),
  waiting: [],
  closedBecause: null,
};

/**
 * The next state. Pure, and total: a change about somebody or something that is not there (it left in the same moment)
 * changes nothing, and then the very same state is returned.
 */
export function reduceRoom(state: RoomState, change: RoomChange): RoomState {
  if (state.phase === 'closed') return state;
  switch (change.type) {
    case 'phase':
      return state.phase === change.phase ? state : { ...state, phase: change.phase };
    case 'closed':
      return {
        ...state,
        phase: 'closed',
        closedBecause: change.reason,
        levels: new Map(),
        activeSpeaker: null,
      };
    case 'joined':
      return {
        ...state,
        phase: 'joined',
        self: change.self,
        room: change.room,
        participants: new Map(change.participants.map((one) => [one.identity, one])),
        waiting: change.waiting,
        activeSpeaker: null,
        levels: new Map(),
      };
    case 'room':
      return { ...state, room: { ...state.room, ...change.room } };
    case 'participantJoined':
      return withParticipant(state, change.participant);
    case 'participantChanged': {
      const before = state.participants.get(change.identity);
      return before ? withParticipant(state, { ...before, ...change.change }) : state;
    }
    case 'participantLeft': {
      if (!state.participants.has(change.identity)) return state;
      const participants = new Map(state.participants);
      participants.delete(change.identity);
      const levels = new Map(state.levels);
      levels.delete(change.identity);
      const activeSpeaker = state.activeSpeaker === change.identity ? null : state.activeSpeaker;
      return { ...state, participants, levels, activeSpeaker };
    }
    case 'trackPublished': {
      const owner = state.participants.get(change.track.identity);
      if (!owner) return state;
      return withParticipant(state, {
        ...owner,
        tracks: new Map(owner.tracks).set(change.track.id, change.track),
      });
    }
    case 'trackChanged': {
      const found = findTrack(state, change.id);
      if (!found) return state;
      const [owner, track] = found;
      const next = { ...track, ...change.change };
      if (isSame(track, next)) return state;
      return withParticipant(state, { ...owner, tracks: new Map(owner.tracks).set(track.id, next) });
    }
    case 'trackUnpublished': {
      const found = findTrack(state, change.id);
      if (!found) return state;
      const tracks = new Map(found[0].tracks);
      tracks.delete(change.id);
      return withParticipant(state, { ...found[0], tracks });
    }
    case 'receptionLost':
      return {
        ...state,
        participants: new Map(
          [...state.participants].map(([identity, one]) => [
            identity,
            { ...one, tracks: new Map([...one.tracks].map(([id, track]) => [id, notReceived(track)])) },
          ]),
        ),
      };
    case 'activeSpeaker':
      return state.activeSpeaker === change.identity ? state : { ...state, activeSpeaker: change.identity };
    case 'levels':
      if (state.levels.size === 0 && change.levels.size === 0) return state;
      return { ...state, levels: change.levels };
    case 'waiting':
      return { ...state, waiting: change.waiting };
  }
}

/** A track with whoever publishes it. */
export function findTrack(state: RoomState, id: string): readonly [ParticipantState, TrackState] | undefined {
  for (const participant of state.participants.values()) {
    const track = participant.tracks.get(id);
    if (track) return [participant, track];
  }
  return undefined;
}

/** A participant's track of one source, the newest if there are several. */
export function trackOf(participant: ParticipantState, source: TrackSource): TrackState | undefined {
  let found: TrackState | undefined;
  for (const track of participant.tracks.values()) if (track.source === source) found = track;
  return found;
}

export type Quality = 'good' | 'fair' | 'poor' | 'unknown';

/**
 * How well one hears and sees a participant: of oneself, what one sends; of others, the worse of what they send and of
 * what arrives here. Tracks that send nothing say nothing.
 */
export function qualityOf(state: RoomState, participant: ParticipantState): Quality {
  const scores: number[] = [];
  for (const track of participant.tracks.values()) {
    if (track.paused || track.muted) continue;
    if (track.sentScore !== null) scores.push(track.sentScore);
    if (participant.identity !== state.self && track.subscribed && track.receivedScore !== null) {
      scores.push(track.receivedScore);
    }
  }
  if (scores.length === 0) return 'unknown';
  const worst = Math.min(...scores);
  return worst >= 8 ? 'good' : worst >= 5 ? 'fair' : 'poor';
}

function withParticipant(state: RoomState, participant: ParticipantState): RoomState {
  return { ...state, participants: new Map(state.participants).set(participant.identity, participant) };
}

function notReceived(track: TrackState): TrackState {
  return { ...track, subscribed: false, receivedScore: null, layers: null };
}

function isSame(one: TrackState, other: TrackState): boolean {
  return (Object.keys(other) as (keyof TrackState)[]).every((key) =>
    key === 'layers'
      ? one.layers?.spatial === other.layers?.spatial && one.layers?.temporal === other.layers?.temporal
      : one[key] === other[key],
  );
}
