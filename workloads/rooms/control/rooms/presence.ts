import { fill, type Language } from '@backlot/contract';
import { roomPhrases } from '../../contract/phrases.ts';
import type { EndReason, PeerInfo } from '../../contract/signalling.ts';
import type { LiveRoom } from './live-room.ts';
import type { Member } from './member.ts';
import { offerAll, suspect } from './offers.ts';
import { participantView, peerInfo, trackView } from './views.ts';

/** Coming and going. */

/** Whom somebody sees who has just come. */
export function peersFor(room: LiveRoom, member: Member): PeerInfo[] {
  return [...room.joined()].filter((other) => other !== member && other.announced).map(peerInfo);
}

/** Somebody is in the room from now on: written down, announced, and offered what there is. */
export async function arrive(room: LiveRoom, member: Member): Promise<void> {
  member.joined = true;
  member.waiting = false;
  room.counted();
  room.remember(member);
  await room.written();
  if (member.ended) return;
  room.present(member);
  room.deps.emit({ kind: 'participant.joined', room: room.view, participant: participantView(member) });
  if (member.permissions.admin && room.row.settings.lobby) tellLobby(room);
  void offerAll(room, member);
}

export interface Departure {
  readonly reason: EndReason;
  /** For the sentence that they are told. */
  readonly params?: Readonly<Record<string, string>>;
  /** The owner of the seat ends it by itself and needs no word. */
  readonly silent?: boolean;
}

/**
 * Somebody is out of the room: others are told, their media ends, their row goes. Resolves when the host has let go of
 * everything, or can't be reached (then the room is compared with it later). Never throws.
 */
export async function depart(room: LiveRoom, member: Member, departure: Departure): Promise<void> {
  if (member.ended) return;
  const last = participantView(member);
  const wasJoined = member.joined;
  const hadMedia = member.transports.size > 0 || member.making > 0;
  member.ended = true;
  if (room.members.get(member.identity) === member) room.members.delete(member.identity);
  const tracks = [...member.tracks.values()];
  if (member.announced) {
    member.announced = false;
    room.tell('peerClosed', { peerId: member.identity, reason: departure.reason }, member);
  }
  if (member.waiting) tellLobby(room);
  if (!departure.silent) {
    member.listener?.ended(departure.reason, endMessage(departure, member.language));
  }
  member.listener = null;
  for (const track of tracks) {
    room.deps.emit({ kind: 'track.unpublished', room: room.view, track: trackView(track) });
  }
  room.counted();
  if (wasJoined) {
    room.deps.emit({
      kind: 'participant.left',
      room: room.view,
      participant: last,
      reason: departure.reason,
    });
    room.write(() =>
      // Whoever came back under this identity has a row of their own by now.
      room.members.has(member.identity)
        ? Promise.resolve()
        : room.deps.store.forgetMember(room.id, member.identity),
    );
  }
  if ((wasJoined || hadMedia) && room.place.home && !room.closed) {
    await room.place
      .call('removeParticipant', { owner: member.identity })
      .catch((error: unknown) => suspect(room, error));
  }
}

/** Why somebody's place in a room has ended, in their language. */
export function endMessage(departure: Departure, language: Language): string {
  const because = departure.reason === 'kicked' && departure.params?.reason ? '_because' : '';
  const phrase = roomPhrases[`rooms.ended.${departure.reason}${because}` as keyof typeof roomPhrases];
  return fill(phrase, departure.params ?? {}, language);
}

/** Moderators hear who waits. */
export function tellLobby(room: LiveRoom): void {
  room.tellModerators('lobbyChanged', {
    waiting: waiting(room).map(({ identity, name }) => ({ peerId: identity, displayName: name })),
  });
}

export function waiting(room: LiveRoom): { identity: string; name: string }[] {
  return [...room.members.values()]
    .filter((member) => member.waiting && !member.ended)
    .map(({ identity, name }) => ({ identity, name }));
}
