import { type ParticipantState, type RoomState, trackOf } from '@backlot/sdk/rooms/state';

/** One tile of the stage: a person, or what a person shares. */
export interface TileModel {
  /** Stays the same as long as the tile is about the same thing. */
  readonly key: string;
  readonly participant: ParticipantState;
  readonly isScreen: boolean;
  readonly isSelf: boolean;
}

/** Screens first, then the others in the order in which they came, and oneself at the end. Pure. */
export function tilesOf(state: RoomState): readonly TileModel[] {
  const people: TileModel[] = [];
  const screens: TileModel[] = [];
  for (const participant of state.participants.values()) {
    const isSelf = participant.identity === state.self;
    const hidden = participant.role === 'viewer' && participant.tracks.size === 0 && !isSelf;
    if (!hidden) people.push({ key: participant.identity, participant, isScreen: false, isSelf });
    if (trackOf(participant, 'screen')) {
      screens.push({ key: `${participant.identity}/screen`, participant, isScreen: true, isSelf });
    }
  }
  people.sort((one, other) => Number(one.isSelf) - Number(other.isSelf));
  return [...screens, ...people];
}

/** Which tile is shown large in the speaker view: the pinned one, a screen of others, whoever speaks, somebody. Pure. */
export function mainTile(
  tiles: readonly TileModel[],
  choice: { readonly pinned: string | null; readonly lastSpeaker: string | null },
): TileModel | undefined {
  return (
    tiles.find((tile) => tile.key === choice.pinned) ??
    tiles.find((tile) => tile.isScreen && !tile.isSelf) ??
    tiles.find((tile) => tile.key === choice.lastSpeaker && !tile.isSelf) ??
    tiles.find((tile) => !tile.isSelf) ??
    tiles[0]
  );
}
