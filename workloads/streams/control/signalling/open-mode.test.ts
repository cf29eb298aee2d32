import { afterEach, describe, expect, it, vi } from 'vitest';
import { type SignallingHouse, startSignalling } from '../../testing/signalling-house.ts';

let house: SignallingHouse;
afterEach(() => house.close());

async function register(id: string) {
  const streamer = await house.connect('/signal/streamer').opened();
  await streamer.next('identify');
  streamer.send({ type: 'endpointId', id, protocolVersion: '1.0.0' });
  const { committedId } = await streamer.next('endpointIdConfirm');
  return { streamer, committedId };
}

describe('the open mode', () => {
  it.each(['/', '/signal/player'])(
    'lets any player at %s list, subscribe and change its mind',
    async (path) => {
      house = await startSignalling({ openMode: true });
      const [a, b] = [await register('a'), await register('b')];
      const player = await house.player('', path);
      await player.next('config');
      player.send({ type: 'listStreamers' });
      expect(await player.next('streamerList')).toEqual({ type: 'streamerList', ids: ['a', 'b'] });
      player.send({ type: 'subscribe', streamerId: 'a' });
      const { playerId } = await a.streamer.next('playerConnected');
      player.send({ type: 'subscribe', streamerId: 'b' });
      expect(await a.streamer.next('playerDisconnected')).toMatchObject({ playerId });
      expect(await b.streamer.next('playerConnected')).toMatchObject({ playerId, dataChannel: true });
      b.streamer.send({ type: 'offer', sdp: 'b', playerId });
      expect(await player.next('offer')).toMatchObject({ sdp: 'b' });
      a.streamer.send({ type: 'offer', sdp: 'a', playerId });
      await a.streamer.settled();
      await player.settled();
      expect(player.all('offer')).toHaveLength(1);
      player.send({ type: 'subscribe', streamerId: 'c' });
      await player.next('subscribeFailed');
    },
  );

  it('tells a page that waits when a streamer comes', async () => {
    house = await startSignalling({ openMode: true });
    const player = await house.player('', '/');
    player.send({ type: 'listStreamers' });
    expect(await player.next('streamerList')).toMatchObject({ ids: [] });
    await register('late');
    expect(await player.next('streamerList')).toMatchObject({ ids: ['late'] });
  });

  it('gives a living id a number, and a dead one to whoever comes back', async () => {
    house = await startSignalling({ openMode: true, limits: { claimMs: 300 } });
    const first = await register('dup');
    expect((await register('dup')).committedId).toBe('dup1');
    // A machine that is gone without a word: its socket stays open and answers nothing.
    first.streamer.socket.pause();
    expect((await register('dup')).committedId).toBe('dup');
    expect((await register('')).committedId).toBe('DefaultStreamer');
  });

  it('keeps players for a streamer that comes back soon, and sends them away when it does not', async () => {
    house = await startSignalling({ openMode: true, limits: { openReturnMs: 400 } });
    const { streamer } = await register('a');
    const player = await house.player('', '/');
    player.send({ type: 'listStreamers' });
    await player.next('streamerList');
    player.send({ type: 'subscribe', streamerId: 'a' });
    const { playerId } = await streamer.next('playerConnected');
    streamer.send({ type: 'offer', sdp: 'x', playerId });
    await player.next('offer');
    player.send({ type: 'answer', sdp: 'x' });
    await streamer.next('answer');
    streamer.socket.terminate();
    await vi.waitFor(() => expect(house.room.counters.streamers).toBe(0), 20_000);
    const { streamer: back, committedId } = await register('a');
    expect(committedId).toBe('a');
    back.send({ type: 'iceCandidate', playerId, candidate: {} });
    await player.next('iceCandidate');
    expect(back.all('playerConnected')).toEqual([]);
    await back.close();
    expect((await player.closed).code).toBe(1012);
  });

  it('has nothing to do with sessions: neither sees the other', async () => {
    house = await startSignalling({ openMode: true });
    const ours = await house.stage('i1');
    house.rooms.tickets.set('p1', { instance: 'i1' });
    const player = await house.player('?ticket=p1');
    player.send({ type: 'listStreamers' });
    await player.next('streamerList');
    const { streamer } = await register('i1');
    player.send({ type: 'subscribe', streamerId: 'demo' });
    const { playerId } = await ours.next('playerConnected');
    streamer.send({ type: 'offer', sdp: 'evil', playerId });
    await streamer.settled();
    const guest = await house.player('', '/');
    guest.send({ type: 'listStreamers' });
    expect(await guest.next('streamerList')).toMatchObject({ ids: ['i1'] });
    guest.send({ type: 'subscribe', streamerId: 'demo' });
    await guest.next('subscribeFailed');
    guest.send({ type: 'subscribe', streamerId: 'i1' });
    await streamer.next('playerConnected');
    await ours.settled();
    await player.settled();
    expect(player.all('offer')).toEqual([]);
    expect(ours.all('playerConnected')).toHaveLength(1);
  });

  it('holds only so many sockets', async () => {
    house = await startSignalling({ openMode: true, limits: { openSockets: 2 } });
    await house.player('', '/');
    const second = await house.player('', '/');
    expect((await house.connect('/').closed).code).toBe(1013);
    expect((await house.connect('/signal/streamer').closed).code).toBe(1013);
    await second.close();
    await vi.waitFor(async () => {
      const client = await house.player('', '/');
      await client.next('config');
    }, 90_000);
  });
});
