import type { RoomState, TrackSource, TrackState, TrackStats } from '@backlot/sdk/rooms';

export type { TrackStats };

/** Whose track it is and what it shows. */
export function findTrackIn(
  room: RoomState,
  trackId: string,
):
  | { readonly name: string; readonly source: TrackSource; readonly layers: TrackState['layers'] }
  | undefined {
  for (const participant of room.participants.values()) {
    const track = participant.tracks.get(trackId);
    if (track) return { name: participant.name, source: track.source, layers: track.layers };
  }
  return undefined;
}
