import type { RoomCounts } from './rov-metrics.ts';

/** What a room that is open holds, as far as it is counted. */
export interface CountedRoom {
  joined(): Iterable<{
    readonly tracks: { readonly size: number };
    readonly consumers: { readonly size: number };
  }>;
}

/** Counts from memory: no database and no node is asked. */
export function countRooms(rooms: readonly CountedRoom[]): RoomCounts {
  let [clients, publishers, subscribers] = [0, 0, 0];
  for (const room of rooms) {
    for (const { tracks, consumers } of room.joined()) {
      clients += 1;
      publishers += tracks.size;
      subscribers += consumers.size;
    }
  }
  return { rooms: rooms.length, clients, publishers, subscribers };
}
