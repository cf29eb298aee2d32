import { emptyRoom, type ParticipantState, reduceRoom, type TrackState } from '@backlot/sdk/rooms/state';
import { describe, expect, it } from 'vitest';
import { mainTile, tilesOf } from './tiles.ts';

const track = (identity: string, source: TrackState['source']): TrackState => ({
  id: `${identity}-${source}`,
  identity,
  kind: 'video',
  source,
  paused: false,
  muted: false,
  subscribed: true,
  sentScore: null,
  receivedScore: null,
  layers: null,
});
const person = (
  identity: string,
  sources: readonly TrackState['source'][] = [],
  role: ParticipantState['role'] = 'member',
): ParticipantState => ({
  identity,
  name: identity,
  role,
  permissions: null,
  metadata: '',
  away: false,
  tracks: new Map(sources.map((source) => [`${identity}-${source}`, track(identity, source)])),
});
const room = (...participants: ParticipantState[]) =>
  reduceRoom(emptyRoom, { type: 'joined', self: 'me', room: emptyRoom.room, participants, waiting: [] });
const keys = (...participants: ParticipantState[]) => tilesOf(room(...participants)).map(({ key }) => key);

describe('tiles', () => {
  it('are screens, then people as they came, then oneself', () => {
    expect(keys(person('me', ['camera']), person('bo', ['camera', 'screen']), person('cy'))).toEqual([
      'bo/screen',
      'bo',
      'cy',
      'me',
    ]);
  });

  it('leave out viewers that send nothing, but not oneself', () => {
    expect(keys(person('v1', [], 'viewer'), person('me', [], 'viewer'), person('bo'))).toEqual(['bo', 'me']);
  });

  const tiles = tilesOf(room(person('me', ['screen']), person('bo'), person('cy')));
  it.each([
    ['what was pinned', 'cy', 'bo', 'cy'],
    ['whoever spoke last', null, 'cy', 'cy'],
    ['somebody else, when nobody has spoken', null, null, 'bo'],
    ['somebody else, when what was pinned has gone', 'gone', null, 'bo'],
  ])('show large %s', (_name, pinned, lastSpeaker, key) => {
    expect(mainTile(tiles, { pinned, lastSpeaker })?.key).toBe(key);
  });

  it('show the screen of others large before anybody who speaks', () => {
    const withScreen = tilesOf(room(person('me'), person('bo', ['screen']), person('cy')));
    expect(mainTile(withScreen, { pinned: null, lastSpeaker: 'cy' })?.key).toBe('bo/screen');
    expect(mainTile([], { pinned: null, lastSpeaker: null })).toBeUndefined();
  });
});
