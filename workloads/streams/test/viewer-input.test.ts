import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PlayerRole } from '../contract.ts';
import {
  type SignallingHouse,
  startSignalling,
  type WireClient,
} from '../control/signalling/signalling.fixture.ts';
import { type DataChannel, type PeerConnection, type SessionDescription, wrtc } from '../node/webrtc/wrtc.ts';
import { type HeadlessPlayer, joinHeadless } from '../testing/headless-player.ts';

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

interface StubbornPeer {
  readonly connection: PeerConnection;
  readonly channel: DataChannel;
  readonly received: Uint8Array[];
  /** What the page has answered, as it reached the engine. */
  answer?: string;
}

/** Sends a small grey picture and offers the channel "cirrus". */
function stubbornEngine(streamer: WireClient, peers: StubbornPeer[]): void {
  const byId = new Map<unknown, StubbornPeer>();
  const connect = async (playerId: unknown) => {
    const connection = new wrtc.RTCPeerConnection({});
    const source = new wrtc.nonstandard.RTCVideoSource();
    const track = source.createTrack();
    const stream = new wrtc.MediaStream();
    stream.addTrack(track);
    connection.addTrack(track, stream);
    const channel = connection.createDataChannel('cirrus', { ordered: true });
    const peer: StubbornPeer = { connection, channel, received: [] };
    channel.onmessage = ({ data }) => void peer.received.push(new Uint8Array(data as ArrayBuffer));
    byId.set(playerId, peer);
    peers.push(peer);
    let shade = 0;
    const timer = setInterval(() => {
      shade = (shade + 8) % 200;
      source.onFrame({ width: 64, height: 64, data: new Uint8Array((64 * 64 * 3) / 2).fill(shade) });
    }, 40);
    undo.push(() => {
      clearInterval(timer);
      track.stop();
      connection.close();
    });
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) streamer.send({ type: 'iceCandidate', playerId, candidate });
    };
    const offer = await connection.createOffer();
    await connection.setLocalDescription(offer);
    streamer.send({ type: 'offer', playerId, sdp: offer.sdp });
  };
  streamer.socket.on('message', async (data) => {
    const message = JSON.parse(String(data));
    const peer = byId.get(message.playerId);
    if (message.type === 'playerConnected') await connect(message.playerId);
    else if (message.type === 'answer' && peer) {
      peer.answer = message.sdp;
      const answer: SessionDescription = { type: 'answer', sdp: message.sdp };
      await peer.connection.setRemoteDescription(answer);
    } else if (message.type === 'iceCandidate') {
      await peer?.connection.addIceCandidate(message.candidate).catch(() => undefined);
    }
  });
}

async function watch(role: PlayerRole): Promise<{ player: HeadlessPlayer; peer: StubbornPeer }> {
  house = await startSignalling({ peerOptions: () => ({ iceServers: [] }) });
  const peers: StubbornPeer[] = [];
  stubbornEngine(await house.stage('i1'), peers);
  house.rooms.tickets.set('p1', { instance: 'i1', role });
  const player = joinHeadless(`${house.base}/signal/player/demo?ticket=p1&extensions=1`);
  undo.push(() => player.close());
  await vi.waitFor(() => expect(player.frames).toBeGreaterThan(5), 30_000);
  return { player, peer: peers[0] as StubbornPeer };
}

describe('with an engine that offers input to everybody', { timeout: 60_000 }, () => {
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
