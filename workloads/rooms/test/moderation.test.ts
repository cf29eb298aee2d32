import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeCodes } from '../contract.ts';
import { peopleOf } from '../testing/people.ts';
import { capabilities, parametersOf } from '../testing/person.ts';
import { openRoomHouse, type RoomHouse } from '../testing/room-house.ts';

/** Who may do what to whom, by signalling, against the real database and core; media is only kept book of. */
let house: RoomHouse;
beforeAll(async () => {
  house = await openRoomHouse({ settings: { open: false } });
});
afterAll(() => house.close());

const { newRoom, come, publish, transports } = peopleOf(() => house);

describe('rights', () => {
  it('to publish hold by source, and a viewer publishes nothing', async () => {
    const room = await newRoom();
    const talker = await come(room, 'talker', { permissions: { publish: ['microphone'] } });
    await publish(talker, 'audio', 'microphone');
    const rtpParameters = parametersOf('video');
    const wish = { transportId: talker.sending, kind: 'video', rtpParameters, appData: { source: 'camera' } };
    expect(await talker.refused('produce', wish)).toBe('room_forbidden');
    expect(await talker.refused('produce', { ...wish, appData: { source: 'microphone' } })).toBe(
      'room_forbidden',
    );
    const viewer = await come(room, 'viewer', { role: 'viewer' });
    expect(await viewer.refused('produce', { ...wish, transportId: viewer.sending })).toBe('room_forbidden');
    expect(await viewer.refused('sendData', { payload: 'hi' })).toBe('room_forbidden');
  });

  it('to objects are those of their owner alone', async () => {
    const room = await newRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const track = await publish(anna, 'audio', 'microphone');
    const fingerprints = [{ algorithm: 'sha-256', value: Array(32).fill('AA').join(':') }];
    for (const [method, data] of [
      ['closeProducer', { producerId: track }],
      ['pauseProducer', { producerId: track }],
      ['getProducerStats', { producerId: track }],
      ['restartIce', { transportId: anna.sending }],
      ['closeTransport', { transportId: anna.sending }],
      ['connectWebRtcTransport', { transportId: anna.sending, dtlsParameters: { fingerprints } }],
      ['getTransportStats', { transportId: anna.sending }],
    ] as const) {
      expect(await ben.refused(method, data), method).toBe('media_object_not_found');
    }
    expect(await house.rooms.tracks(room)).toHaveLength(1);
  });

  it('of moderators are refused to all others', async () => {
    const room = await newRoom();
    await come(room, 'victim');
    const member = await come(room, 'member');
    for (const [method, data] of [
      ['kickPeer', { peerId: 'victim' }],
      ['mutePeer', { peerId: 'victim' }],
      ['muteAll', {}],
      ['lockRoom', { locked: true }],
      ['setLobby', { enabled: true }],
      ['admitPeer', { peerId: 'victim' }],
      ['denyPeer', { peerId: 'victim' }],
      ['setPermissions', { peerId: 'victim', permissions: { data: false } }],
      ['setRole', { peerId: 'member', role: 'host' }],
      ['movePeer', { peerId: 'victim', roomId: 'elsewhere' }],
    ] as const) {
      expect(await member.refused(method, data), method).toBe('room_forbidden');
    }
    expect(await house.rooms.participants(room)).toHaveLength(2);
  });

  it('that change while somebody is connected hold at once', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const anna = await come(room, 'anna');
    const hostTrack = await publish(host, 'audio', 'microphone');
    await anna.until(() => anna.askedFor('newConsumer').length === 1, 'the host is offered');
    const camera = await publish(anna, 'video', 'camera');
    const microphone = await publish(anna, 'audio', 'microphone');
    await host.request('setPermissions', {
      peerId: 'anna',
      permissions: { publish: ['microphone'], subscribe: false, data: false },
    });
    expect(await anna.untilSaid('permissionsChanged')).toMatchObject({
      permissions: { publish: ['microphone'] },
    });
    await host.until(
      () => host.said('producerClosed').some(({ producerId }) => producerId === camera),
      'the camera ends for others',
    );
    expect((await house.rooms.tracks(room)).map(({ id }) => id).sort()).toEqual(
      [hostTrack, microphone].sort(),
    );
    await anna.untilSaid('consumerClosed');
    const rtpParameters = parametersOf('video');
    expect(
      await anna.refused('produce', { transportId: anna.sending, kind: 'video', rtpParameters, appData: {} }),
    ).toBe('room_forbidden');
    await host.request('setRole', { peerId: 'anna', role: 'host' });
    await anna.until(() => anna.askedFor('newConsumer').length === 2, 'the host is offered again');
    await anna.request('lockRoom', { locked: true });
    expect(await host.untilSaid('roomChanged')).toMatchObject({ room: { locked: true } });
  });

  it('hide somebody, who sees all and is seen by nobody', async () => {
    const room = await newRoom();
    const anna = await come(room, 'anna');
    const ghost = await come(room, 'ghost', { permissions: { hidden: true } });
    await publish(anna, 'audio', 'microphone');
    await ghost.until(() => ghost.askedFor('newConsumer').length === 1, 'the hidden one hears');
    const ben = await come(room, 'ben');
    expect(anna.said('newPeer').map(({ peer }) => (peer as { id: string }).id)).toEqual(['ben']);
    ghost.close();
    ben.close();
    expect(await house.rooms.participant(room, 'ghost')).toMatchObject({ permissions: { hidden: true } });
  });
});

describe('a moderator', () => {
  it('mutes a track, which its owner can’t resume; letting go makes nobody audible', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const anna = await come(room, 'anna');
    const track = await publish(anna, 'audio', 'microphone');
    await host.request('mutePeer', { peerId: 'anna', kind: 'audio' });
    expect(await anna.untilSaid('muted')).toEqual({ producerId: track, muted: true, by: 'HOST' });
    expect(await host.untilSaid('producerPaused')).toMatchObject({ producerId: track, muted: true });
    expect(await anna.refused('resumeProducer', { producerId: track })).toBe('track_muted');
    expect(house.media.rooms.some((one) => one.producers.get(track)?.paused)).toBe(true);
    await host.request('mutePeer', { peerId: 'anna', kind: 'audio', muted: false });
    expect(await anna.untilSaid('muted', 2)).toMatchObject({ muted: false });
    expect(house.media.rooms.some((one) => one.producers.get(track)?.paused)).toBe(true);
    await anna.request('resumeProducer', { producerId: track });
    expect(await host.untilSaid('producerResumed')).toMatchObject({ producerId: track });
  });

  it('mutes all, except moderators', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const [anna, ben] = [await come(room, 'anna'), await come(room, 'ben')];
    await publish(host, 'audio', 'microphone');
    const tracks = [await publish(anna, 'audio', 'microphone'), await publish(ben, 'audio', 'microphone')];
    const video = await publish(ben, 'video', 'camera');
    const { producerIds } = await host.request<{ producerIds: string[] }>('muteAll', {});
    expect(producerIds.sort()).toEqual(tracks.sort());
    const states = await house.rooms.tracks(room);
    expect(
      states
        .filter(({ muted }) => muted)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(tracks);
    expect(states.find(({ id }) => id === video)).toMatchObject({ muted: false, paused: false });
  });

  it('keeps a muted track muted when its transport was lost and it comes back', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const anna = await come(room, 'anna');
    const track = await publish(anna, 'audio', 'microphone');
    await host.request('mutePeer', { peerId: 'anna' });
    house.media.rooms.find((one) => one.producers.has(track))?.loseAll();
    await anna.untilSaid('transportsLost');
    anna.sending = await transports(anna);
    const { producerId } = await anna.request<{ producerId: string }>('produce', {
      transportId: anna.sending,
      kind: 'audio',
      rtpParameters: parametersOf('audio'),
      appData: { source: 'microphone', replaces: track },
    });
    expect(await house.rooms.tracks(room)).toMatchObject([{ id: producerId, muted: true, paused: true }]);
    expect(await anna.refused('resumeProducer', { producerId })).toBe('track_muted');
  });

  it('keeps a source muted when its track is published anew, and when its owner comes back', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const anna = await come(room, 'anna');
    const track = await publish(anna, 'audio', 'microphone');
    await host.request('mutePeer', { peerId: 'anna', kind: 'audio' });
    await anna.request('closeProducer', { producerId: track });
    const anew = await publish(anna, 'audio', 'microphone');
    expect(await house.rooms.tracks(room)).toMatchObject([{ id: anew, muted: true, paused: true }]);
    const camera = await publish(anna, 'video', 'camera');
    anna.close();
    const back = await come(room, 'anna');
    const third = await publish(back, 'audio', 'microphone');
    expect(await back.refused('resumeProducer', { producerId: third })).toBe('track_muted');
    await host.request('mutePeer', { peerId: 'anna', kind: 'audio', muted: false });
    await back.request('resumeProducer', { producerId: third });
    await back.request('closeProducer', { producerId: third });
    await publish(back, 'audio', 'microphone');
    const tracks = await house.rooms.tracks(room);
    expect(tracks.filter(({ muted }) => muted)).toEqual([]);
    expect(tracks.some(({ id }) => id === camera)).toBe(false);
  });

  it('is written down by name, whichever door they came by', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const anna = await come(room, 'anna');
    await publish(anna, 'audio', 'microphone');
    await host.request('mutePeer', { peerId: 'anna', kind: 'audio' });
    await host.request('lockRoom', { locked: true });
    await host.request('kickPeer', { peerId: 'anna', reason: 'noise' });
    const { id } = await house.rooms.get(room);
    const rows = await house.kernel.db
      .selectFrom('audit')
      .select(['action', 'actor_name', 'after'])
      .where('subject_id', '=', id)
      .where('actor_kind', '=', 'anonymous')
      .orderBy('seq')
      .execute();
    expect(rows).toMatchObject([
      { action: 'room.mute', actor_name: 'HOST (host)', after: { identity: 'anna', muted: true } },
      { action: 'room.lock', after: { locked: true } },
      { action: 'room.kick', after: { identity: 'anna', reason: 'noise' } },
    ]);
  });

  it('puts out all that somebody has in the room, players by HTTP too, and tokens of before open no door', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    const token = await house.token('anna', { room });
    const query = { client: 'backlot' };
    const anna = await house.join({ room, token, query });
    await anna.request('join', { displayName: 'Anna' });
    const early = await house.join({ room, token, query });
    const claims = await house.rooms.tokens.verify(token);
    const player = await house.rooms.enter({
      room,
      identity: 'anna~0123',
      name: 'anna',
      role: 'viewer',
      permissions: { publish: [], subscribe: true, data: false, hidden: true, admin: false },
      claims,
      via: 'api',
    });
    await player.join({ displayName: 'anna', device: {}, data: false });
    await host.request('kickPeer', { peerId: 'anna' });
    expect((await house.rooms.participants(room)).map(({ identity }) => identity)).toEqual(['host']);
    expect(await early.refused('join', {})).toBe('room_token_revoked');
  });

  it('locks the room: nobody new gets in, moderators do', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    await host.request('lockRoom', { locked: true });
    const anna = await house.join({
      room,
      token: await house.token('anna', { room }),
      query: { client: 'backlot' },
    });
    expect(await anna.refused('join', {})).toBe('room_locked');
    expect(await anna.untilClosed()).toMatchObject({ code: closeCodes.refused });
    await come(room, 'second-host', { role: 'host' });
  });

  it('lets people in from the lobby, or not', async () => {
    const room = await newRoom({ lobby: true });
    const host = await come(room, 'host', { role: 'host' });
    const token = (identity: string) => house.token(identity, { room });
    const query = { client: 'backlot' };
    const anna = await house.join({ room, token: await token('anna'), query });
    expect(await anna.request('join', { displayName: 'Anna' })).toMatchObject({ state: 'lobby' });
    expect(await anna.refused('createWebRtcTransport', {})).toBe('not_joined');
    await host.until(
      () => host.said('lobbyChanged').some(({ waiting }) => (waiting as unknown[]).length === 1),
      'the host hears of Anna',
    );
    const ben = await house.join({ room, token: await token('ben'), query });
    await ben.request('join', { displayName: 'Ben' });
    expect((await house.rooms.participants(room)).map(({ state }) => state)).toEqual([
      'connected',
      'lobby',
      'lobby',
    ]);
    await host.request('admitPeer', { peerId: 'anna' });
    await anna.untilSaid('admitted');
    expect(await anna.request('join', { displayName: 'Anna' })).toMatchObject({
      state: 'joined',
      peers: [{ id: 'host' }],
    });
    await host.request('denyPeer', { peerId: 'ben' });
    expect(await ben.untilSaid('ended')).toMatchObject({ reason: 'denied' });
    expect(await host.refused('admitPeer', { peerId: 'ben' })).toBe('participant_not_found');
  });

  it('moves somebody to another room, where they have the same rights', async () => {
    const [from, to] = [await newRoom(), await newRoom({ lobby: true })];
    const host = await come(from, 'host', { role: 'host' });
    await come(to, 'host', { role: 'host' });
    const anna = await come(from, 'anna', { permissions: { publish: ['microphone'] } });
    await host.request('movePeer', { peerId: 'anna', roomId: to });
    const { roomId, token } = (await anna.untilSaid('moved')) as { roomId: string; token: string };
    expect(roomId).toBe(to);
    expect(await anna.untilSaid('ended')).toMatchObject({ reason: 'moved' });
    const there = await house.join({ room: to, token, query: { client: 'backlot' } });
    expect(await there.request('join', {})).toMatchObject({
      state: 'joined',
      self: { id: 'anna', displayName: 'ANNA', permissions: { publish: ['microphone'] } },
    });
    expect(await host.untilSaid('peerClosed')).toMatchObject({ peerId: 'anna', reason: 'moved' });
  });

  it('has no say in a room that others moderate: who is moved there brings no rights over it', async () => {
    const [from, to] = [await newRoom(), await newRoom({ lobby: true })];
    const host = await come(from, 'host', { role: 'host' });
    const helper = await come(from, 'helper', { role: 'host', permissions: { hidden: true } });
    await host.request('movePeer', { peerId: 'helper', roomId: to });
    const { token } = (await helper.untilSaid('moved')) as { token: string };
    const there = await house.join({ room: to, token, query: { client: 'backlot' } });
    expect(await there.request('join', {})).toMatchObject({
      state: 'lobby',
      self: { role: 'member', permissions: { admin: false, hidden: false } },
    });
    const projectId = await house.core.project();
    await house.rooms.create({ name: 'of-others', projectId }, house.core.actor);
    await come(from, 'anna');
    expect(await host.refused('movePeer', { peerId: 'anna', roomId: 'of-others' })).toBe('room_not_found');
    expect(await house.rooms.participant(from, 'anna')).toMatchObject({ state: 'connected' });
  });
});

describe('a room', () => {
  it('has one seat for an identity: whoever comes later has it, and the host has nothing left of the first', async () => {
    const room = await newRoom();
    const first = await come(room, 'anna');
    await publish(first, 'audio', 'microphone');
    const second = await come(room, 'anna');
    expect(await first.untilSaid('ended')).toMatchObject({ reason: 'replaced' });
    expect(await first.untilClosed()).toMatchObject({ code: closeCodes.ended });
    const objects = house.media.rooms
      .filter((one) => one.transports.has(second.sending))
      .map((one) => one.objects);
    expect(objects).toEqual([2]);
    expect(await house.rooms.participants(room)).toHaveLength(1);
  });

  it('takes no more people than it may, and no more tracks of one', async () => {
    const room = await newRoom({ maxParticipants: 2, maxTracksPerParticipant: 2 });
    const anna = await come(room, 'anna');
    await come(room, 'ben');
    const carl = await house.join({
      room,
      token: await house.token('carl', { room }),
      query: { client: 'backlot' },
    });
    expect(await carl.refused('join', {})).toBe('room_full');
    const all = await Promise.allSettled(
      Array.from({ length: 5 }, () => publish(anna, 'audio', 'microphone')),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('gives nobody data channels without end', async () => {
    const room = await newRoom();
    const anna = await come(room, 'anna');
    const channel = (streamId: number) =>
      anna.request('produceData', {
        transportId: anna.sending,
        sctpStreamParameters: { streamId, ordered: true },
        label: 'chat',
        protocol: '',
        appData: {},
      });
    // In portions: a client that says too much at once is refused for that.
    const all: PromiseSettledResult<unknown>[] = [];
    for (let first = 0; first < 80; first += 20) {
      const portion = Array.from({ length: 20 }, (_, index) => channel(first + index));
      all.push(...(await Promise.allSettled(portion)));
    }
    const refused = all.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
    );
    expect(all.length - refused.length).toBe(64);
    expect(new Set(refused)).toEqual(new Set(['data_limit']));
  });

  it('with an audience announces only who publishes', async () => {
    const room = await newRoom({ audience: true });
    const stage = await come(room, 'stage');
    const [one, two] = [await come(room, 'one'), await come(room, 'two')];
    const track = await publish(stage, 'video', 'camera');
    for (const viewer of [one, two]) {
      expect(await viewer.untilSaid('newPeer')).toMatchObject({ peer: { id: 'stage' } });
      await viewer.until(() => viewer.askedFor('newConsumer').length === 1, 'the stage is offered');
      expect(viewer.said('newPeer')).toHaveLength(1);
    }
    expect(stage.said('newPeer')).toEqual([]);
    const late = await house.join({
      room,
      token: await house.token('late', { room }),
      query: { client: 'backlot' },
    });
    const answer = await late.request<{ peers: { id: string }[] }>('join', {});
    expect(answer.peers.map(({ id }) => id)).toEqual(['stage']);
    await stage.request('closeProducer', { producerId: track });
    expect(await one.untilSaid('peerClosed')).toMatchObject({ peerId: 'stage' });
    expect(await house.rooms.participants(room)).toHaveLength(4);
  });

  it('without auto-subscription gives only what is asked for', async () => {
    const room = await newRoom({ autoSubscribe: false });
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const tracks = [await publish(anna, 'audio', 'microphone'), await publish(anna, 'video', 'camera')];
    await ben.untilSaid('newProducer', 2);
    expect(ben.requests).toEqual([]);
    await ben.request('subscribe', { producerIds: [tracks[1]] });
    expect(ben.askedFor('newConsumer')).toMatchObject([{ producerId: tracks[1], peerId: 'anna' }]);
    await ben.request('unsubscribe', { producerIds: [tracks[1]] });
    await ben.untilSaid('consumerClosed');
    expect(await ben.refused('subscribe', { producerIds: ['none'] })).toBe('media_object_not_found');
  });

  it('gives everything by default, each track once, paused until it is taken', async () => {
    const room = await newRoom();
    const anna = await come(room, 'anna');
    const track = await publish(anna, 'audio', 'microphone');
    const refusing = await house.join({
      room,
      token: await house.token('picky', { room }),
      query: { client: 'backlot' },
      answer: () => Promise.reject(new Error('I do not want it')),
    });
    await transports(refusing);
    await refusing.request('join', { rtpCapabilities: capabilities });
    const ben = await come(room, 'ben');
    await ben.untilSaid('consumerScore');
    expect(ben.askedFor('newConsumer')).toHaveLength(1);
    const [media] = house.media.rooms.filter((one) => one.producers.has(track));
    await refusing.until(() => refusing.askedFor('newConsumer').length === 1, 'it is offered');
    // What is refused is closed in the host, what is taken goes on.
    await ben.until(() => media?.consumers.size === 1, 'only the taken one is left');
    expect([...(media?.consumers.values() ?? [])]).toMatchObject([{ owner: 'ben', paused: false }]);
  });

  it('passes messages and questions between people, in bounds', async () => {
    const room = await newRoom();
    const anna = await come(room, 'anna');
    const ben = await come(room, 'ben');
    const viewer = await come(room, 'viewer', { role: 'viewer' });
    expect(await anna.request('sendData', { topic: 'chat', payload: { text: 'hi' } })).toEqual({ sent: 1 });
    expect(await ben.untilSaid('data')).toEqual({ from: 'anna', topic: 'chat', payload: { text: 'hi' } });
    expect(viewer.said('data')).toEqual([]);
    const asker = await come(room, 'asker');
    const answered = await house.join({
      room,
      token: await house.token('oracle', { room }),
      query: { client: 'backlot' },
      answer: (method, data) => (method === 'rpc' ? { heard: data.payload } : {}),
    });
    await answered.request('join', {});
    expect(await asker.request('rpc', { to: 'oracle', method: 'say', payload: 42 })).toEqual({
      payload: { heard: 42 },
    });
    expect(await asker.refused('rpc', { to: 'nobody', method: 'say' })).toBe('participant_not_found');
    expect(await asker.refused('sendData', { payload: 'x'.repeat(20_000) })).toBe('method_data_invalid');
  });

  it('tells who is let in why not, in their language', async () => {
    const room = await newRoom();
    const host = await come(room, 'host', { role: 'host' });
    await host.request('lockRoom', { locked: true });
    const query = { client: 'backlot', lang: 'zh-CN' };
    const anna = await house.join({ room, token: await house.token('anna', { room }), query });
    await expect(anna.request('join', {})).rejects.toThrow(/已锁定/u);
  });

  it('is closed with everybody in it', async () => {
    const room = await newRoom();
    const anna = await come(room, 'anna');
    await house.rooms.close(room, { name: 'the API', identity: null, actor: house.core.actor });
    expect(await anna.untilSaid('ended')).toMatchObject({ reason: 'room_closed' });
    await expect(house.rooms.room(room)).rejects.toMatchObject({ code: 'room_not_found' });
    await newRoom();
  });
});
