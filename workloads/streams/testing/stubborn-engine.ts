import { type DataChannel, type PeerConnection, type SessionDescription, wrtc } from '../node/webrtc/wrtc.ts';
import type { WireClient } from './signalling-house.ts';

/** One peer of a stubborn engine. */
export interface StubbornPeer {
  readonly connection: PeerConnection;
  readonly channel: DataChannel;
  readonly received: Uint8Array[];
  /** What the page has answered, as it reached the engine. */
  answer?: string;
}

/**
 * An engine over real WebRTC that offers a data channel to everybody, whatever it was asked for, and sends a small grey
 * picture. What it opens is ended by the steps in `undo`.
 */
export function stubbornEngine(streamer: WireClient, undo: (() => void)[]): StubbornPeer[] {
  const peers: StubbornPeer[] = [];
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
  return peers;
}
