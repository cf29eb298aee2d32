import { emptyRoom, type RoomState, reduceRoom } from '@backlot/sdk/rooms/state';
import {
  changesOf,
  type JoinAnswer,
  type NewConsumer,
  type NewDataConsumer,
  type Snapshot,
  toJoined,
} from '@backlot/sdk/rooms/wire';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { rolePermissions } from '../contract/grants.ts';
import {
  type JoinAnswer as ContractJoin,
  type NotificationData,
  type NotificationName,
  notifications,
  type ResumeAnswer,
  type ServerRequestData,
} from '../contract/signalling.ts';

/** The SDK has plain types of its own, so that it needs no workload: here they are held against the contract. */
describe('what the SDK reads is what the contract says', () => {
  it('in types', () => {
    expectTypeOf<ContractJoin>().toExtend<JoinAnswer>();
    expectTypeOf<NonNullable<ResumeAnswer['snapshot']>>().toExtend<Snapshot>();
    type Loose<T> = Omit<T, 'rtpParameters' | 'sctpStreamParameters' | 'peerId'>;
    expectTypeOf<ServerRequestData<'newConsumer'>>().toExtend<Loose<NewConsumer>>();
    expectTypeOf<ServerRequestData<'newDataConsumer'>>().toExtend<Loose<NewDataConsumer>>();
  });

  const track = {
    producerId: 't1',
    kind: 'video' as const,
    source: 'camera' as const,
    type: 'simulcast',
    paused: false,
    muted: false,
    appData: {},
  };
  const peer = {
    id: 'bo',
    peerId: 'bo',
    displayName: 'Bo',
    device: {},
    role: 'member' as const,
    metadata: '',
    producers: [track],
  };
  const self = {
    id: 'ada',
    displayName: 'Ada',
    role: 'host' as const,
    permissions: rolePermissions.host,
    metadata: '',
  };
  const room = {
    id: '01a218d9-8b55-7280-b5e2-b1a9e8a4edfc',
    name: 'daily',
    locked: false,
    lobby: false,
    audience: false,
    autoSubscribe: true,
    recording: false,
    metadata: '',
    maxTracksPerParticipant: 16,
  };
  const joined = (): RoomState => reduceRoom(emptyRoom, toJoined({ self, room, peers: [peer] }, new Map()));
  const bo = (state: RoomState) => state.participants.get('bo');
  const theTrack = (state: RoomState) => bo(state)?.tracks.get('t1');

  type Case<N extends NotificationName> = readonly [
    N,
    NotificationData<N>,
    (state: RoomState) => unknown,
    unknown,
  ];
  const of = <N extends NotificationName>(...one: Case<N>) => one as unknown as Case<NotificationName>;
  it.each([
    of('newPeer', { peer: { ...peer, id: 'cy', peerId: 'cy' } }, (state) => state.participants.size, 3),
    of('peerClosed', { peerId: 'bo', reason: 'left' }, bo, undefined),
    of(
      'peerDisplayNameChanged',
      { peerId: 'bo', displayName: 'Bo Li', oldDisplayName: 'Bo' },
      (state) => bo(state)?.name,
      'Bo Li',
    ),
    of('peerChanged', { peer: { ...peer, role: 'viewer' } }, (state) => bo(state)?.role, 'viewer'),
    of(
      'newProducer',
      { peerId: 'bo', producer: { ...track, producerId: 't2' } },
      (state) => bo(state)?.tracks.size,
      2,
    ),
    of('producerClosed', { peerId: 'bo', producerId: 't1' }, (state) => bo(state)?.tracks.size, 0),
    of(
      'producerPaused',
      { peerId: 'bo', producerId: 't1', muted: true },
      (state) => [theTrack(state)?.paused, theTrack(state)?.muted],
      [true, true],
    ),
    of('producerResumed', { peerId: 'bo', producerId: 't1' }, (state) => theTrack(state)?.paused, false),
    of(
      'producerScore',
      { producerId: 't1', score: [{ score: 3 }, { score: 9 }] },
      (state) => theTrack(state)?.sentScore,
      9,
    ),
    of(
      'consumerScore',
      { consumerId: 'c1', score: { score: 8, producerScore: 10, producerScores: [] } },
      (state) => [theTrack(state)?.receivedScore, theTrack(state)?.sentScore],
      [8, 10],
    ),
    of(
      'consumerLayersChanged',
      { consumerId: 'c1', layers: { spatialLayer: 1, temporalLayer: 2 } },
      (state) => theTrack(state)?.layers,
      { spatial: 1, temporal: 2 },
    ),
    of('activeSpeaker', { peerId: 'bo', volume: -30 }, (state) => state.activeSpeaker, 'bo'),
    of('activeSpeaker', {}, (state) => state.activeSpeaker, null),
    of(
      'speakingPeers',
      { peerVolumes: [{ peerId: 'bo', volume: -30 }] },
      (state) => state.levels.get('bo'),
      -30,
    ),
    of('roomChanged', { room: { ...room, locked: true } }, (state) => state.room.locked, true),
    of('lobbyChanged', { waiting: [{ peerId: 'cy', displayName: 'Cy' }] }, (state) => state.waiting, [
      { identity: 'cy', name: 'Cy' },
    ]),
  ])('%s', (name, data, read, expected) => {
    expect(notifications[name].safeParse(data).success).toBe(true);
    const changes = changesOf(name, data, (consumerId) => (consumerId === 'c1' ? 't1' : undefined));
    expect(read(changes.reduce(reduceRoom, joined()))).toEqual(expected);
  });

  it('and of what it does not know it makes nothing', () => {
    expect(changesOf('somethingOfTomorrow', { a: 1 }, () => undefined)).toEqual([]);
    expect(changesOf('constructor', {}, () => undefined)).toEqual([]);
    expect(changesOf('consumerScore', { consumerId: 'gone', score: {} }, () => undefined)).toEqual([]);
  });
});
