import { describe, expect, it } from 'vitest';
import {
  emptyRoom,
  findTrack,
  type ParticipantState,
  qualityOf,
  type RoomChange,
  type RoomState,
  reduceRoom,
  type TrackState,
  trackOf,
} from './state.ts';

const person = (identity: string, tracks: readonly TrackState[] = []): ParticipantState => ({
  identity,
  name: identity.toUpperCase(),
  role: 'member',
  permissions: null,
  metadata: '',
  away: false,
  tracks: new Map(tracks.map((track) => [track.id, track])),
});
const track = (id: string, identity: string, more: Partial<TrackState> = {}): TrackState => ({
  id,
  identity,
  kind: 'video',
  source: 'camera',
  paused: false,
  muted: false,
  subscribed: true,
  sentScore: null,
  receivedScore: null,
  layers: null,
  ...more,
});
const joined = (...people: readonly ParticipantState[]): RoomState =>
  reduceRoom(emptyRoom, {
    type: 'joined',
    self: 'ada',
    room: { ...emptyRoom.room, name: 'daily' },
    participants: people,
    waiting: [],
  });

describe('the state of a room', () => {
  it('is that of whoever joins, without anything from before', () => {
    const before: RoomState = { ...emptyRoom, activeSpeaker: 'old', levels: new Map([['old', -20]]) };
    const state = reduceRoom(before, {
      type: 'joined',
      self: 'ada',
      room: emptyRoom.room,
      participants: [person('ada')],
      waiting: [],
    });
    expect([state.phase, state.self, state.activeSpeaker, state.levels.size]).toEqual([
      'joined',
      'ada',
      null,
      0,
    ]);
  });

  it('never changes what was handed out', () => {
    const state = joined(person('ada'), person('bo', [track('t', 'bo')]));
    const frozen = JSON.stringify([...state.participants.values()].map((one) => [...one.tracks]));
    reduceRoom(state, { type: 'trackChanged', id: 't', change: { paused: true } });
    reduceRoom(state, { type: 'trackUnpublished', id: 't' });
    reduceRoom(state, { type: 'participantLeft', identity: 'bo' });
    expect(JSON.stringify([...state.participants.values()].map((one) => [...one.tracks]))).toBe(frozen);
  });

  const about: readonly RoomChange[] = [
    { type: 'participantChanged', identity: 'nobody', change: { name: 'x' } },
    { type: 'participantLeft', identity: 'nobody' },
    { type: 'trackPublished', track: track('x', 'nobody') },
    { type: 'trackChanged', id: 'nothing', change: { paused: true } },
    { type: 'trackChanged', id: 't', change: { paused: false, layers: null } },
    { type: 'trackUnpublished', id: 'nothing' },
    { type: 'phase', phase: 'joined' },
    { type: 'activeSpeaker', identity: null },
    { type: 'levels', levels: new Map() },
  ];
  it.each(about)('is the very same after what changes nothing: %j', (change) => {
    const state = joined(person('ada'), person('bo', [track('t', 'bo')]));
    expect(reduceRoom(state, change)).toBe(state);
  });

  it('forgets that somebody spoke who has left', () => {
    let state = joined(person('ada'), person('bo'));
    state = reduceRoom(state, { type: 'activeSpeaker', identity: 'bo' });
    state = reduceRoom(state, { type: 'levels', levels: new Map([['bo', -30]]) });
    state = reduceRoom(state, { type: 'participantLeft', identity: 'bo' });
    expect([state.activeSpeaker, state.levels.size, state.participants.size]).toEqual([null, 0, 1]);
  });

  it('keeps what is published when reception is lost, and says that it is not received', () => {
    const state = reduceRoom(
      joined(
        person('ada'),
        person('bo', [track('t', 'bo', { receivedScore: 9, layers: { spatial: 2, temporal: 1 } })]),
      ),
      { type: 'receptionLost' },
    );
    expect(findTrack(state, 't')?.[1]).toMatchObject({
      subscribed: false,
      receivedScore: null,
      layers: null,
    });
  });

  it('stays closed, whatever still arrives', () => {
    const state = reduceRoom(joined(person('ada')), { type: 'closed', reason: 'kicked' });
    expect(reduceRoom(state, { type: 'phase', phase: 'joined' })).toBe(state);
    expect(state.closedBecause).toBe('kicked');
  });

  it('knows the newest track of a source', () => {
    const bo = person('bo', [track('old', 'bo'), track('new', 'bo')]);
    expect(trackOf(bo, 'camera')?.id).toBe('new');
    expect(trackOf(bo, 'screen')).toBeUndefined();
  });
});

describe('quality', () => {
  it.each([
    ['nothing is sent', [], 'unknown'],
    ['a good camera', [{ sentScore: 10, receivedScore: 10 }], 'good'],
    ['their uplink is weak', [{ sentScore: 6, receivedScore: 10 }], 'fair'],
    ['our downlink is bad', [{ sentScore: 10, receivedScore: 2 }], 'poor'],
    ['the worse of two tracks', [{ sentScore: 10 }, { sentScore: 3 }], 'poor'],
    ['what is paused says nothing', [{ sentScore: 0, paused: true }, { sentScore: 9 }], 'good'],
    ['what is not received says nothing', [{ sentScore: 9, receivedScore: 0, subscribed: false }], 'good'],
  ] as const)('%s', (_name, tracks, quality) => {
    const bo = person(
      'bo',
      tracks.map((more, index) => track(String(index), 'bo', more)),
    );
    expect(qualityOf(joined(person('ada'), bo), bo)).toBe(quality);
  });

  it('of oneself is what one sends', () => {
    const ada = person('ada', [track('a', 'ada', { sentScore: 9, receivedScore: 0 })]);
    expect(qualityOf(joined(ada), ada)).toBe('good');
  });
});
