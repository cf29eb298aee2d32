import type { Role } from '../../../contract/grants.ts';
import type { RoomState } from '../../../contract/room.ts';

/** All that decides whether somebody gets into a room. */
export interface EntryFacts {
  readonly room: {
    readonly state: RoomState;
    readonly locked: boolean;
    readonly lobby: boolean;
    readonly maxParticipants: number;
  };
  readonly role: Role;
  readonly admin: boolean;
  /** Already there under this identity: whoever comes back takes no further place. */
  readonly present: boolean;
  readonly participants: number;
  readonly banned: boolean;
  /** A moderator has let this identity in before. */
  readonly admitted: boolean;
  /** Made by a program: the lobby is for people. */
  readonly program: boolean;
}

export type EntryDecision = 'enter' | 'lobby' | 'closed' | 'draining' | 'banned' | 'locked' | 'full';

/**
 * Moderators pass lock and lobby, and a full room is full for everybody. Whoever was in the room a moment ago and comes
 * back is not stopped by a lock that came meanwhile.
 */
export function decideEntry(facts: EntryFacts): EntryDecision {
  const { room } = facts;
  if (room.state === 'closed') return 'closed';
  if (facts.banned) return 'banned';
  if (room.state === 'draining' && !facts.present) return 'draining';
  if (room.locked && !facts.admin && !facts.present && !facts.admitted) return 'locked';
  if (!facts.present && facts.participants >= room.maxParticipants) return 'full';
  if (room.lobby && !facts.admin && !facts.admitted && !facts.program && !facts.present) return 'lobby';
  return 'enter';
}
