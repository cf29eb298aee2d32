import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PlayerRole } from '../contract.ts';
import { type HeadlessPlayer, joinHeadless } from '../testing/headless-player.ts';
import { type SignallingHouse, startSignalling } from '../testing/signalling-house.ts';
import { type StubbornPeer, stubbornEngine } from '../testing/stubborn-engine.ts';

/**
 * Real WebRTC through our signalling, with an engine that offers a data channel to everybody, whatever it was asked for:
 * a viewer sees the picture and has no way to send input; the one in control has both.
 */
let house: SignallingHouse;
const undo: (() => void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) step();
  await house.close();
});

async function watch(role: PlayerRole): Promise<{ player: HeadlessPlayer; peer: StubbornPeer }> {
  house = await startSignalling({ peerOptions: () => ({ iceServers: [] }) });
  const peers = stubbornEngine(await house.stage('i1'), undo);
  house.rooms.tickets.set('p1', { instance: 'i1', role });
  const player = joinHeadless(`${house.base}/signal/player/demo?ticket=p1&extensions=1`);
  undo.push(() => player.close());
  await vi.waitFor(() => expect(player.frames).toBeGreaterThan(5), 30_000);
  return { player, peer: peers[0] as StubbornPeer };
}

describe('with an engine that offers input to everybody', { timeout: 180_000 }, () => {
  it('the one in control has picture and channel', async () => {
    const { player, peer } = await watch('controller');
    await vi.waitFor(() => expect(player.channelOpen).toBe(true), 30_000);
    player.tellDemo({ demo: 'anything' });
    await vi.waitFor(() => expect(peer.received.length).toBeGreaterThan(0), 30_000);
  });

  it('a viewer has the picture, and no channel ever opens at either end', async () => {
    const { player, peer } = await watch('viewer');
    expect(peer.answer).toMatch(/^m=application 0 /m);
    // As long again as the picture took; the controller's channel opens before its first frame.
    const seen = player.frames;
    await vi.waitFor(() => expect(player.frames).toBeGreaterThan(seen + 30), 30_000);
    expect(player.channelOpen).toBe(false);
    expect(player.tellDemo({ demo: 'anything' })).toBe(false);
    expect(peer.channel.readyState).not.toBe('open');
    expect(peer.received).toEqual([]);
  });
});
