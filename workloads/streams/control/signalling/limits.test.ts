import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type SignallingHouse, startSignalling } from '../../testing/signalling-house.ts';
import { usualLimits } from './limits.ts';
import { fitReason } from './signal-socket.ts';
import { TokenBucket } from './token-bucket.ts';

let house: SignallingHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

async function pair(limits: Parameters<typeof startSignalling>[0] = {}) {
  house = await startSignalling(limits);
  const streamer = await house.stage('i1');
  house.rooms.tickets.set('p1', { instance: 'i1' });
  const player = await house.player('?ticket=p1');
  await player.next('streamerList');
  player.send({ type: 'subscribe', streamerId: 'demo' });
  const { playerId } = await streamer.next('playerConnected');
  return { house, streamer, player, playerId };
}

describe('a socket', () => {
  it('that sends too large a message is closed with 1009, and the other end is well', async () => {
    const { player, streamer } = await pair();
    player.send({ type: 'answer', sdp: 'x'.repeat(usualLimits.player.maxBytes) });
    expect((await player.closed).code).toBe(1009);
    await streamer.next('playerDisconnected');
    await streamer.settled();
  });

  it('that sends too much in too short a time is closed with 1008', async () => {
    const { player, streamer } = await pair();
    for (let sent = 0; sent < 2_000; sent += 1) player.send({ type: 'iceCandidate', candidate: {} });
    expect(await player.closed).toMatchObject({
      code: 1008,
      reason: expect.stringMatching(/Too many messages/),
    });
    await streamer.settled();
    expect(streamer.all('iceCandidate').length).toBeLessThan(
      usualLimits.player.burst + usualLimits.player.perSecond * 20,
    );
  });

  it('that does not read is closed instead of filling our memory', async () => {
    const { house, player, streamer, playerId } = await pair({
      limits: {
        player: { ...usualLimits.player, maxQueued: 256 * 1024 },
        streamer: { ...usualLimits.streamer, perSecond: 1e9, burst: 1e9 },
      },
    });
    player.socket.pause();
    const sdp = 'x'.repeat(100_000);
    // The system's own buffers take a few megabytes first.
    const begun = process.memoryUsage().rss;
    while (house.room.counters.players > 0) {
      for (let sent = 0; sent < 10; sent += 1) streamer.send({ type: 'offer', sdp, playerId });
      await streamer.settled();
    }
    expect(house.room.counters.refused.get('reader_too_slow')).toBeGreaterThan(0);
    expect(process.memoryUsage().rss - begun).toBeLessThan(400e6);
    await streamer.next('playerDisconnected').catch(() => undefined);
    await streamer.settled();
  });

  it('that is half-open is found and its place is free again', async () => {
    const { house, streamer } = await pair({ limits: { pingMs: 300 } });
    streamer.socket.pause();
    await vi.waitFor(() => expect(house.rooms.detached).toEqual(['i1']), 10_000);
    expect(house.room.hasStreamer('i1')).toBe(false);
    expect(house.room.counters.silent).toBe(1);
    // The player answers pings and stays.
    await sleep(700);
    expect(house.room.counters.players).toBe(1);
    expect(usualLimits.pingMs * 2).toBeLessThanOrEqual(30_000);
  });

  it('is not kept when letting it in takes too long', async () => {
    house = await startSignalling({ limits: { attachMs: 100 } });
    house.rooms.gate = new Promise(() => undefined);
    expect((await house.connect('/signal/player/demo').closed).code).toBe(1013);
    expect((await house.connect('/signal/streamer/x').closed).code).toBe(1013);
  });

  it('whose session breaks on our side is closed with 1011, without the details', async () => {
    house = await startSignalling();
    house.rooms.gate = Promise.reject(new Error('secret detail'));
    house.rooms.gate.catch(() => undefined);
    for (const path of ['/signal/player/demo', '/signal/streamer/x']) {
      const closed = await house.connect(path).closed;
      expect([1011, 1013]).toContain(closed.code);
      expect(closed.reason).not.toContain('secret');
    }
  });
});

describe('a token bucket', () => {
  it('gives a burst at once and then its pace', () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 0))).toEqual([true, true, true, false]);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 101)).toBe(true);
    expect(bucket.take(1, 50)).toBe(false);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 1e9))).toEqual([true, true, true, false]);
  });
});

describe('the reason of a close', () => {
  it.each(['short', 'x'.repeat(300), '票据已过期。'.repeat(30), '🎬'.repeat(60)])(
    '%.10s… fits its frame',
    (text) => {
      const fitted = fitReason(text);
      expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(123);
      expect(text.startsWith(fitted.replace(/…$/, ''))).toBe(true);
      expect(fitted).not.toContain('\ufffd');
    },
  );
});
