import type { RoomState } from '../../../contract/room.ts';

/**
 * When a room without people is to be closed: milliseconds from now (0 or less: at once), or null: never as things are.
 */
export function closesIn(
  room: {
    readonly state: RoomState;
    /** Milliseconds since 1970; null: somebody is there. */
    readonly emptySince: number | null;
    /** Somebody was there before. */
    readonly visited: boolean;
    readonly emptyTimeoutS: number;
    readonly departureTimeoutS: number;
  },
  now: number,
): number | null {
  if (room.state === 'closed' || room.emptySince === null) return null;
  const seconds = room.visited ? room.departureTimeoutS : room.emptyTimeoutS;
  return seconds === 0 ? null : room.emptySince + seconds * 1_000 - now;
}
