import type { RoomEventKind } from '../../contract/api.ts';
import type { Participant, Room, Track } from '../../contract/room.ts';
import type { RoomEvent } from '../ports.ts';

/** An event as it is stored, delivered to webhooks, and read again. */
export interface RoomFact {
  readonly kind: RoomEventKind;
  readonly room: Pick<Room, 'id' | 'name' | 'projectId'>;
  readonly body: Record<string, unknown>;
}

/**
 * What is worth keeping of something that has happened; undefined for what only matters at the moment (who speaks,
 * scores). Pure.
 */
export function describeEvent(event: RoomEvent): RoomFact | undefined {
  const { room } = event;
  switch (event.kind) {
    case 'room.opened':
    case 'room.changed':
      return fact(room, `rooms.${event.kind}`, {
        state: room.state,
        locked: room.locked,
        settings: room.settings,
      });
    case 'room.closed':
      return fact(room, 'rooms.room.closed', { reason: event.reason });
    case 'participant.joined':
    case 'participant.changed':
      return fact(room, `rooms.${event.kind}`, { participant: participantFacts(event.participant) });
    case 'participant.left':
      return fact(room, 'rooms.participant.left', {
        participant: participantFacts(event.participant),
        reason: event.reason,
      });
    case 'track.published':
    case 'track.changed':
    case 'track.unpublished':
      return fact(room, `rooms.${event.kind}`, { track: trackFacts(event.track) });
    case 'speaker.changed':
    case 'media':
      return undefined;
  }
}

function fact(room: Room, kind: RoomEventKind, more: Record<string, unknown>): RoomFact {
  return { kind, room, body: { room: { id: room.id, name: room.name }, ...more } };
}

/** Without the tracks, which have events of their own. */
function participantFacts({ tracks: _, ...participant }: Participant): Record<string, unknown> {
  return participant;
}

function trackFacts(track: Track): Record<string, unknown> {
  return { ...track };
}
