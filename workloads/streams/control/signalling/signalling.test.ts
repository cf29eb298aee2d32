import { MessageHelpers } from '@epicgames-ps/lib-pixelstreamingcommon-ue5.7';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { streamErrors } from '../../contract.ts';
import { type SignallingHouse, startSignalling, type WireClient } from '../../testing/signalling-house.ts';

let house: SignallingHouse;
afterEach(() => house.close());

/** A player of an instance that is ready, subscribed as Epic's page does it. */
async function subscribed(instance = 'i1', query = '?ticket=p1', role?: 'viewer'): Promise<WireClient> {
  house.rooms.tickets.set('p1', { instance, ...(role ? { role } : {}) });
  const player = await house.player(query);
  player.send({ type: 'listStreamers' });
  await player.next('config');
  const { ids } = await player.next('streamerList');
  player.send({ type: 'subscribe', streamerId: (ids as string[])[0] });
  return player;
}

async function negotiated(streamer: WireClient, player: WireClient): Promise<string> {
  const { playerId } = await streamer.next('playerConnected');
  streamer.send({ type: 'offer', sdp: 'the offer', playerId });
  await player.next('offer');
  player.send({ type: 'answer', sdp: 'the answer' });
  await streamer.next('answer');
  return playerId as string;
}

describe('a session on the wire', () => {
  it('goes from config to the last candidate as in Epic’s protocol 1.3.0, both ways only to whom it concerns', async () => {
    house = await startSignalling();
    const [streamer, other] = [await house.stage('i1'), await house.stage('i2')];
    const player = await subscribed();
    const { playerId } = await streamer.next('playerConnected');
    expect(playerId).toMatch(/^\d{1,10}$/);
    streamer.send({ type: 'offer', sdp: 'v=0', playerId, extra: { kept: true } });
    expect(await player.next('offer')).toEqual({
      type: 'offer',
      sdp: 'v=0',
      playerId,
      extra: { kept: true },
    });
    player.send('{"type":"answer","sdp":"v=0\\r\\n","minBitrateBps":100000,"x":1E2}');
    await streamer.next('answer');
    // The bytes are those that were sent, and our id.
    expect(streamer.texts.at(-1)).toBe(
      `{"playerId":"${playerId}","type":"answer","sdp":"v=0\\r\\n","minBitrateBps":100000,"x":1E2}`,
    );
    player.send({ type: 'layerPreference', spatialLayer: 0, temporalLayer: 0, playerId: 'forged' });
    expect(await streamer.next('layerPreference')).toMatchObject({ playerId });
    player.send({ type: 'iceCandidate', candidate: { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 } });
    expect(await streamer.next('iceCandidate')).toMatchObject({ playerId, candidate: { candidate: 'c' } });
    await player.close();
    expect(await streamer.next('playerDisconnected')).toEqual({ type: 'playerDisconnected', playerId });
    await other.settled();
    expect(other.types).toBe('config identify endpointIdConfirm pong');
    expect(house.rooms.seen[0]).toMatchObject({ departure: 'left', departures: 1, pictures: 1 });
  });

  it('says nothing that Epic’s strict validator refuses', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed();
    player.send({ type: 'ping', time: 1_732_600_000_123 });
    player.send({ type: 'subscribe', streamerId: 'nobody' });
    await player.next('subscribeFailed');
    player.send({ type: 'subscribe', streamerId: 'demo' });
    player.send({ type: 'unsubscribe' });
    await streamer.next('playerDisconnected');
    await streamer.settled();
    // `subscribeFailed` is in the protocol's file, and missing in the registry of Epic's own validator.
    const said = [...player.messages, ...streamer.messages].filter(({ type }) => type !== 'subscribeFailed');
    expect(said.filter((message) => MessageHelpers.validateMessage(message) === null)).toEqual([]);
    expect([...new Set(said.map(({ type }) => type))].sort()).toEqual([
      'config',
      'endpointIdConfirm',
      'identify',
      'playerConnected',
      'playerDisconnected',
      'pong',
      'streamerList',
    ]);
    expect(player.all('subscribeFailed')).toEqual([{ type: 'subscribeFailed', message: expect.any(String) }]);
    expect(player.all('pong')[0]).toEqual({ type: 'pong', time: 1_732_600_000_123 });
  });

  it('takes a page that is shown the list twice, and subscribes twice, for one player with one offer', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed();
    player.send({ type: 'listStreamers' });
    await player.next('streamerList');
    player.send({ type: 'subscribe', streamerId: 'demo' });
    await negotiated(streamer, player);
    expect(streamer.types).not.toContain('playerDisconnected');
    // Once it has answered it is meant: the page wants to begin anew.
    player.send({ type: 'subscribe', streamerId: 'demo' });
    await streamer.next('playerDisconnected');
    await streamer.next('playerConnected');
    expect(streamer.all('playerConnected')).toHaveLength(2);
  });

  it('shows a waiting page nothing, answers its pings, and then gives it one config and one id, unasked', async () => {
    house = await startSignalling();
    house.rooms.tickets.set('p1', { instance: null });
    const player = await house.player('?ticket=p1');
    player.send({ type: 'listStreamers' });
    await player.settled();
    await vi.waitFor(() => expect(house.rooms.seen).toHaveLength(1), 20_000);
    const [seen] = house.rooms.seen;
    seen?.connection.notify({ kind: 'queued', position: 2, waitedMs: 10, estimateMs: null });
    seen?.connection.notify({ kind: 'starting', step: 'placing', reason: null });
    await player.settled();
    expect(player.types).toBe('pong pong');
    const streamer = await house.stage('i1');
    seen?.connection.notify({ kind: 'ready', instance: { instanceId: 'i1', relayOnly: false } });
    expect(await player.next('config')).toMatchObject({
      peerConnectionOptions: { iceServers: [{ username: seen?.attached.playerId }] },
    });
    expect(await player.next('streamerList')).toEqual({ type: 'streamerList', ids: ['demo'] });
    player.send({ type: 'subscribe', streamerId: 'demo' });
    await streamer.next('playerConnected');
    expect(player.all('config')).toHaveLength(1);
  });

  it('tells a page of ours more: place, progress, warnings, roles, and who it is', async () => {
    house = await startSignalling();
    house.rooms.tickets.set('p1', { instance: null });
    const player = await house.player('?ticket=p1&extensions=1');
    const hello = await player.next('backlot.session');
    const seen = house.rooms.seen[0];
    expect(hello).toMatchObject({
      role: 'controller',
      token: seen?.token,
      app: { slug: 'demo', name: 'Demo' },
    });
    seen?.connection.notify({ kind: 'queued', position: 2, waitedMs: 10, estimateMs: 4_000 });
    expect(await player.next('backlot.queued')).toMatchObject({ position: 2, estimateMs: 4_000 });
    seen?.connection.notify({ kind: 'starting', step: 'starting', reason: null });
    expect(await player.next('backlot.starting')).toMatchObject({ step: 'starting', reason: null });
    seen?.connection.notify({ kind: 'warning', why: 'idle', endsInMs: 60_000 });
    expect(await player.next('backlot.warning')).toMatchObject({ why: 'idle', endsInMs: 60_000 });
    player.send({ type: 'backlot.activity' });
    player.send({ type: 'backlot.stats', fps: 59.9, rttMs: 12, framesDecoded: 3 });
    player.send({ type: 'backlot.stats', fps: 'many' });
    player.send({ type: 'backlot.takeControl' });
    player.send({ type: 'backlot.unheardOf' });
    await player.settled();
    expect(seen).toMatchObject({ activities: 1, pictures: 1, asked: ['takeControl'] });
    expect(seen?.stats).toEqual([expect.objectContaining({ fps: 59.9, rttMs: 12, bitrateBps: null })]);
    seen?.connection.close({ reason: 'limit', sentence: { code: 'x', params: {}, message: 'Time is up.' } });
    expect(await player.next('backlot.ended')).toMatchObject({ reason: 'limit', message: 'Time is up.' });
    expect(await player.closed).toEqual({ code: 1001, reason: 'Time is up.' });
  });

  it('ends with 1001, and the streamer is told, because media does not end with the socket', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed();
    const playerId = await negotiated(streamer, player);
    house.rooms.seen[0]?.connection.close({
      reason: 'kicked',
      sentence: { code: 'x', params: {}, message: 'An operator has ended it.' },
    });
    expect(await player.closed).toEqual({ code: 1001, reason: 'An operator has ended it.' });
    expect(await streamer.next('playerDisconnected')).toMatchObject({ playerId });
  });
});

describe('who may see and control what', () => {
  it('a message of a streamer for a player of another instance reaches nobody', async () => {
    house = await startSignalling();
    const [first, second] = [await house.stage('i1'), await house.stage('i2')];
    const player = await subscribed('i1');
    const { playerId } = await first.next('playerConnected');
    second.send({ type: 'offer', sdp: 'evil', playerId });
    second.send({ type: 'disconnectPlayer', playerId, reason: 'evil' });
    second.send({ type: 'offer', sdp: 'evil' });
    await second.settled();
    await player.settled();
    expect(player.all('offer')).toEqual([]);
    expect(house.room.counters.dropped).toBe(3);
  });

  it('viewers get no data channel: the streamer is asked for none, theirs are rejected, and their offers refused', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const viewer = await subscribed('i1', '?ticket=p1&extensions=1', 'viewer');
    const connected = await streamer.next('playerConnected');
    expect(connected).toMatchObject({ dataChannel: false });
    const sdp =
      'v=0\r\na=group:BUNDLE 0 1\r\nm=video 9 X 96\r\na=mid:0\r\nm=application 9 X y\r\na=mid:1\r\n';
    viewer.send({ type: 'answer', sdp, playerId: 'forged', kept: [1] });
    expect(await streamer.next('answer')).toEqual({
      type: 'answer',
      sdp: 'v=0\r\na=group:BUNDLE 0\r\nm=video 9 X 96\r\na=mid:0\r\nm=application 0 X y\r\na=mid:1\r\n',
      playerId: connected.playerId,
      kept: [1],
    });
    viewer.send({ type: 'offer', sdp });
    expect(await viewer.next('backlot.refused')).toMatchObject({ code: 'offer_not_allowed' });
    viewer.send('{"type":"offer","type":"iceCandidate","sdp":"m=application 9"}');
    expect(await viewer.next('backlot.refused')).toMatchObject({ code: 'frame_ambiguous' });
    viewer.send({ type: 'offer', sdp: 'v=0\r\nm=video 9 X 96' });
    await streamer.next('offer');
    expect(streamer.all('offer')).toHaveLength(1);
  });

  it('who loses control loses its peer at once and comes back as a viewer', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed('i1', '?ticket=p1&extensions=1');
    const playerId = await negotiated(streamer, player);
    const [seen] = house.rooms.seen;
    if (seen) seen.role = 'viewer';
    seen?.connection.notify({ kind: 'role', role: 'viewer', controllers: 1, viewers: 1 });
    expect(await streamer.next('playerDisconnected')).toMatchObject({ playerId });
    expect(await player.next('backlot.refused')).toMatchObject({ code: 'role_changed' });
    expect((await player.closed).code).toBe(1012);
    const back = await subscribed('i1', `?session=${seen?.token}&extensions=1`);
    expect(await streamer.next('playerConnected')).toMatchObject({ playerId, dataChannel: false });
    await back.close();
  });

  it('an application may disconnect its own player: 1011 with its words', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed();
    const { playerId } = await streamer.next('playerConnected');
    streamer.send({ type: 'disconnectPlayer', playerId: Number(playerId), reason: 'Away too long.' });
    expect(await player.closed).toEqual({ code: 1011, reason: 'Away too long.' });
    await streamer.next('playerDisconnected');
  });

  it.each([
    ['/signal/player/demo?ticket=none', 1008, /ticket/i],
    ['/signal/streamer/none', 1008, /ticket/i],
    ['/signal/player', 1008, /Say which app/],
    ['/', 1008, /Say which app/],
    ['/signal/streamer', 1008, /launch ticket/],
  ])('%s is closed with %d and a sentence', async (path, code, sentence) => {
    house = await startSignalling();
    const closed = await house.connect(path).closed;
    expect(closed.code).toBe(code);
    expect(closed.reason).toMatch(sentence);
  });

  it('refuses in the reader’s language, and tells our page the code', async () => {
    house = await startSignalling();
    const client = house.connect('/signal/player/demo?extensions=1', 'zh-CN');
    expect(await client.next('backlot.refused')).toMatchObject({ code: 'ticket_invalid' });
    expect((await client.closed).reason).toMatch(/\p{Script=Han}/u);
  });
});

describe('sockets that come and go', () => {
  it('a streamer that comes back finds its players undisturbed; those it had not met are announced again', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const settledPlayer = await subscribed();
    const settledId = await negotiated(streamer, settledPlayer);
    const fresh = await subscribed();
    const { playerId: freshId } = await streamer.next('playerConnected');
    const leaving = await subscribed();
    const leavingId = await negotiated(streamer, leaving);
    streamer.socket.terminate();
    await vi.waitFor(() => expect(house.room.hasStreamer('i1')).toBe(false), 20_000);
    await leaving.close();
    const back = await house.stage('i1');
    await back.settled();
    expect(back.all('playerConnected').map(({ playerId }) => playerId)).toEqual([freshId]);
    expect(back.all('playerDisconnected').map(({ playerId }) => playerId)).toEqual([leavingId]);
    back.send({ type: 'iceCandidate', candidate: { candidate: 'late' }, playerId: settledId });
    expect(await settledPlayer.next('iceCandidate')).toMatchObject({ candidate: { candidate: 'late' } });
    back.send({ type: 'offer', sdp: 'again', playerId: Number(freshId) });
    expect(await fresh.next('offer')).toMatchObject({ sdp: 'again' });
  });

  it('a newer socket of the same instance takes the place of a stale one, which has no say any more', async () => {
    house = await startSignalling();
    const stale = await house.stage('i1');
    const player = await subscribed();
    const playerId = await negotiated(stale, player);
    const back = await house.stage('i1');
    expect((await stale.closed).code).toBe(1001);
    back.send({ type: 'iceCandidate', candidate: { candidate: 'new' }, playerId });
    expect(await player.next('iceCandidate')).toMatchObject({ candidate: { candidate: 'new' } });
    expect(house.room.hasStreamer('i1')).toBe(true);
  });

  it('a page whose socket broke resumes without config, and without a word to the streamer', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed('i1', '?ticket=p1&extensions=1');
    const playerId = await negotiated(streamer, player);
    const stream = player.all('backlot.ready')[0]?.stream;
    player.socket.terminate();
    await vi.waitFor(() => expect(house.rooms.seen[0]?.departure).toBe('broken'), 20_000);
    const token = house.rooms.seen[0]?.token;
    const back = await house.player(`?session=${token}&extensions=1&resume=${stream}`);
    await back.next('backlot.ready');
    streamer.send({ type: 'iceCandidate', candidate: { candidate: 'on' }, playerId });
    await back.next('iceCandidate');
    back.send({ type: 'iceCandidate', candidate: { candidate: 'too' } });
    expect(await streamer.next('iceCandidate')).toMatchObject({ playerId, candidate: { candidate: 'too' } });
    expect(back.all('config')).toEqual([]);
    expect(streamer.all('playerDisconnected')).toEqual([]);
    expect(streamer.all('playerConnected')).toHaveLength(1);
  });

  it.each([
    ['controller', 'viewer', false],
    ['viewer', 'controller', true],
  ] as const)(
    'a page whose %s became a %s while its socket was away does not get its old peer back',
    async (from, to, input) => {
      house = await startSignalling();
      const streamer = await house.stage('i1');
      const player = await subscribed('i1', '?ticket=p1&extensions=1', from === 'viewer' ? from : undefined);
      const playerId = await negotiated(streamer, player);
      const stream = player.all('backlot.ready')[0]?.stream;
      player.socket.terminate();
      const [seen] = house.rooms.seen;
      await vi.waitFor(() => expect(seen?.departure).toBe('broken'), 20_000);
      if (seen) seen.role = to;
      const back = await house.player(`?session=${seen?.token}&extensions=1&resume=${stream}`);
      await back.next('config');
      back.send({ type: 'subscribe', streamerId: stream });
      expect(await streamer.next('playerDisconnected')).toMatchObject({ playerId });
      expect(await streamer.next('playerConnected')).toMatchObject({ playerId, dataChannel: input });
    },
  );

  it('a page that wants to resume what the streamer has dropped meanwhile begins anew', async () => {
    house = await startSignalling({ limits: { resumeMs: 100 } });
    const streamer = await house.stage('i1');
    const player = await subscribed('i1', '?ticket=p1&extensions=1');
    await negotiated(streamer, player);
    player.socket.terminate();
    await streamer.next('playerDisconnected');
    const back = await house.player(`?session=${house.rooms.seen[0]?.token}&extensions=1&resume=i1`);
    await back.next('config');
    await back.next('streamerList');
  });

  it('a page that does not resume is gone for the streamer after the grace, or anew at once when it comes back', async () => {
    house = await startSignalling({ limits: { resumeMs: 200 } });
    const streamer = await house.stage('i1');
    const player = await subscribed();
    const playerId = await negotiated(streamer, player);
    player.socket.terminate();
    expect(await streamer.next('playerDisconnected')).toMatchObject({ playerId });
    const token = house.rooms.seen[0]?.token;
    const back = await subscribed('i1', `?session=${token}`);
    // Nobody knows whether the streamer still has a peer of this id, so it is dropped first.
    expect(await streamer.next('playerDisconnected')).toMatchObject({ playerId });
    expect(await streamer.next('playerConnected')).toMatchObject({ playerId });
    await back.close();
  });

  it('another instance after config means a new socket: 1012', async () => {
    house = await startSignalling();
    await house.stage('i1');
    const player = await subscribed('i1', '?ticket=p1&extensions=1');
    const connection = house.rooms.seen[0]?.connection;
    connection?.notify({ kind: 'unready' });
    connection?.notify({ kind: 'ready', instance: { instanceId: 'i2', relayOnly: false } });
    expect(await player.next('backlot.refused')).toMatchObject({ code: 'stream_moved' });
    expect((await player.closed).code).toBe(1012);
  });

  it('sessions may have players forgotten whose socket is long gone, also while the streamer is away', async () => {
    house = await startSignalling();
    house.room.forgetPlayers('i1', ['41', '42']);
    const streamer = await house.stage('i1');
    expect(await streamer.next('playerDisconnected')).toMatchObject({ playerId: '41' });
    house.room.forgetPlayers('i1', ['43']);
    await vi.waitFor(() => expect(streamer.all('playerDisconnected')).toHaveLength(3), 20_000);
  });

  it('one that leaves before it is let in is let go of, once', async () => {
    house = await startSignalling();
    let open = () => {};
    house.rooms.gate = new Promise((resolve) => {
      open = resolve;
    });
    house.rooms.tickets.set('p1', { instance: 'i1' });
    house.rooms.launch.set('l1', { instanceId: 'i1' });
    const [player, streamer] = [await house.player('?ticket=p1'), await house.streamer('l1')];
    await Promise.all([player.close(), streamer.close()]);
    await vi.waitFor(() => expect(house.room.counters).toMatchObject({ players: 0, streamers: 0 }), 20_000);
    open();
    await vi.waitFor(() => expect(house.rooms.detached).toEqual(['i1']), 20_000);
    expect(house.rooms.seen[0]).toMatchObject({ departure: 'left', departures: 1 });
    expect(house.rooms.ready).toEqual([]);
  });

  it('a streamer whose instance ends while it introduces itself is refused, and nobody calls that a fault', async () => {
    house = await startSignalling();
    house.rooms.launch.set('l1', { instanceId: 'i1' });
    house.rooms.notReady = streamErrors.instance_over;
    const streamer = await house.streamer('l1');
    await streamer.next('identify');
    streamer.send({ type: 'endpointId', id: 'x' });
    expect((await streamer.closed).code).toBe(1008);
    expect(house.room.hasStreamer('i1')).toBe(false);
  });

  it('nothing is kept of an instance when everybody has left', async () => {
    house = await startSignalling({ limits: { subscribeMs: 50 } });
    for (const instance of ['i1', 'i2', 'i3']) {
      const streamer = await house.stage(instance);
      const player = await subscribed(instance);
      await negotiated(streamer, player);
      await player.close();
      await streamer.next('playerDisconnected');
      await streamer.close();
    }
    await vi.waitFor(() => expect(house.room.counters).toMatchObject({ players: 0, streamers: 0 }), 20_000);
    expect(house.room.stages).toBe(0);
  });

  it('all are told to come back when the control plane goes', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    const player = await subscribed();
    house.room.close();
    expect((await player.closed).code).toBe(1012);
    expect((await streamer.closed).code).toBe(1012);
  });
});

describe('engines before 5.5', () => {
  it('4.27: the page offers first, ids are numbers, and what the engine does not know is not sent again', async () => {
    house = await startSignalling({ limits: { identifyMs: 100 } });
    house.rooms.launch.set('l1', { instanceId: 'i1', appId: 'old' });
    const streamer = await house.streamer('l1');
    await streamer.next('identify');
    await streamer.close(4001).catch(() => undefined);
    // The engine says which message it did not know, and reconnects.
    const again = await house.streamer('l1');
    again.socket.close(4001, 'Unsupported message received: identify');
    await again.closed;
    const third = await house.streamer('l1');
    await third.next('config');
    await third.settled();
    expect(third.types).toBe('config pong');
    house.rooms.tickets.set('p1', { instance: 'i1' });
    const page = await house.player('?ticket=p1');
    await page.next('config');
    page.send({ type: 'offer', sdp: 'from the page' });
    expect(await third.next('playerConnected')).toMatchObject({ sendOffer: false });
    third.socket.close(4001, 'Unsupported message received: playerConnected');
    await third.closed;
    const fourth = await house.streamer('l1');
    await fourth.settled();
    page.send({ type: 'offer', sdp: 'from the page' });
    const { playerId } = await fourth.next('offer');
    fourth.send({ type: 'answer', sdp: 'from the engine', playerId: Number(playerId) });
    expect(await page.next('answer')).toMatchObject({ sdp: 'from the engine' });
    expect(fourth.types).toBe('config pong offer');
  });

  it('5.0 and 5.1: a streamer that never identifies itself and a page that never subscribes find each other', async () => {
    house = await startSignalling({ limits: { identifyMs: 100, subscribeMs: 100 } });
    house.rooms.launch.set('l1', { instanceId: 'i1' });
    const streamer = await house.streamer('l1');
    await vi.waitFor(() => expect(house.rooms.ready).toEqual(['i1']), 20_000);
    house.rooms.tickets.set('p1', { instance: 'i1' });
    const page = await house.player('?ticket=p1&preferSFU=false');
    await page.next('config');
    const { playerId } = await streamer.next('playerConnected');
    streamer.send({ type: 'offer', sdp: 'v=0', playerId: Number(playerId) });
    expect(await page.next('offer')).toMatchObject({ sdp: 'v=0' });
    page.send({ type: 'answer', sdp: 'v=0' });
    expect(await streamer.next('answer')).toMatchObject({ playerId });
  });

  it('5.2: a page that wants to offer says so in its address', async () => {
    house = await startSignalling();
    const streamer = await house.stage('i1');
    await subscribed('i1', '?ticket=p1&OfferToReceive=true');
    expect(await streamer.next('playerConnected')).toMatchObject({ sendOffer: false });
  });
});

describe('the address without a path', () => {
  it('takes the app from the query, for pages that know only a host', async () => {
    house = await startSignalling();
    await house.stage('i1');
    house.rooms.tickets.set('p1', { instance: 'i1' });
    const player = await house.player('?app=demo&ticket=p1', '/');
    await player.next('streamerList');
    expect(house.rooms.seen[0]?.arrival).toMatchObject({ app: 'demo', ticket: 'p1', extensions: false });
  });
});
