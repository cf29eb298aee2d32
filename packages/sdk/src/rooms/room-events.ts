import type { Emitter } from './emitter.ts';
import type { RoomError } from './errors.ts';
import type { DataMessage } from './media.ts';
import {
  findTrack,
  type ParticipantState,
  type Permissions,
  type Role,
  type RoomChange,
  type RoomInfo,
  type RoomState,
  type TrackState,
  type Waiting,
} from './state.ts';
import type { LocalTrack, RemoteTrack } from './tracks.ts';
import type { EndReason } from './wire.ts';

/** A JSON message over signalling: small, in order, and not lost by a reconnect. */
export interface Message {
  /** Null: it came from the API. */
  readonly from: string | null;
  readonly topic: string;
  readonly payload: unknown;
}

/** Everything that a room tells. `change` comes with each of them, for pages that draw from the state. */
export interface RoomEvents {
  readonly change: [state: RoomState];
  readonly participantJoined: [participant: ParticipantState];
  readonly participantLeft: [identity: string];
  readonly participantChanged: [participant: ParticipantState];
  readonly trackPublished: [track: TrackState];
  readonly trackUnpublished: [trackId: string];
  /** Muted, resumed, another layer, another score. */
  readonly trackChanged: [track: TrackState];
  /** It can be shown and heard now. */
  readonly trackSubscribed: [track: RemoteTrack];
  readonly trackUnsubscribed: [track: RemoteTrack];
  /** A moderator has muted one's own track, or lets it go on. */
  readonly muted: [track: LocalTrack, muted: boolean, by: string];
  /** One's own track is not sent any more: its device has gone, or the permission. */
  readonly trackEnded: [track: LocalTrack, because: 'device' | 'server'];
  readonly activeSpeaker: [identity: string | null];
  readonly levels: [levels: ReadonlyMap<string, number>];
  readonly message: [message: Message];
  readonly data: [message: DataMessage];
  readonly lobby: [waiting: readonly Waiting[]];
  readonly permissionsChanged: [permissions: Permissions, role: Role];
  readonly roomChanged: [room: RoomInfo];
  /** One was sent to another room, and connects to it. */
  readonly moved: [room: string];
  readonly reconnecting: [];
  /** `resumed`: nothing was missed. Otherwise one has joined anew, and tracks are sent and received anew. */
  readonly reconnected: [resumed: boolean];
  /** The server lost the media of one direction; it is being built up again. */
  readonly mediaLost: [];
  readonly mediaRestored: [];
  readonly closed: [reason: EndReason, error: RoomError | undefined];
}

/** The typed event that belongs to a change of the state, told before `change`. */
export function tellChange(room: Emitter<RoomEvents>, change: RoomChange, state: RoomState): void {
  if (change.type === 'participantJoined') room.emit('participantJoined', change.participant);
  else if (change.type === 'participantLeft') room.emit('participantLeft', change.identity);
  else if (change.type === 'participantChanged') {
    const participant = state.participants.get(change.identity);
    if (participant) room.emit('participantChanged', participant);
  } else if (change.type === 'trackPublished') room.emit('trackPublished', change.track);
  else if (change.type === 'trackUnpublished') room.emit('trackUnpublished', change.id);
  else if (change.type === 'trackChanged') {
    const found = findTrack(state, change.id);
    if (found) room.emit('trackChanged', found[1]);
  } else if (change.type === 'activeSpeaker') room.emit('activeSpeaker', change.identity);
  else if (change.type === 'levels') room.emit('levels', change.levels);
  else if (change.type === 'waiting') room.emit('lobby', change.waiting);
  else if (change.type === 'room') room.emit('roomChanged', state.room);
}
