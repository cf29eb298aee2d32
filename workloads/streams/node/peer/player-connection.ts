import type { Clock } from '@backlot/contract/clock';
import { WebSocket } from 'ws';
import {
  type FieldValue,
  readStreamerMessage,
  type StreamerMessage,
  writePageMessage,
} from '../data-channel/messages.ts';
import type { ToStreamer } from '../data-channel/protocol.ts';
import {
  type ConnectionState,
  type DataChannel,
  type IceCandidate,
  type PeerConnection,
  type PeerConnectionConfig,
  type SessionDescription,
  type VideoFrame,
  type VideoSink,
  wrtc,
} from '../webrtc/wrtc.ts';

/** What a player is told by signalling. */
export type PlayerSignal = Readonly<Record<string, unknown>> & { readonly type: string };

export interface PlayerOptions {
  /** The player socket with everything that it needs. */
  readonly url: string;
  readonly clock: Clock;
  /** Which of several streamers; the only one of a list unless told. */
  readonly streamerId?: string;
  /** Without it no frame is decoded into memory. */
  onFrame?(frame: VideoFrame): void;
  /** Everything that the server says, before it is acted on. */
  onSignal?(signal: PlayerSignal): void;
  onMessage?(message: StreamerMessage): void;
  /** The data channel is open. */
  onChannel?(player: PlayerConnection): void;
  onState?(state: ConnectionState): void;
  /** The socket has ended; media may well go on. */
  onSocketClosed?(code: number, reason: string): void;
}

const handshakeMs = 10_000;
const pingMs = 30_000;

/**
 * A player without a page: joins as Epic's page does, by the same messages in the same order, and has the picture as
 * frames in memory and the data channel at hand. The peer of the node and the players of tests are made of it.
 */
export class PlayerConnection {
  readonly #options: PlayerOptions;
  #socket: WebSocket;
  #peer: PeerConnection | undefined;
  #channel: DataChannel | undefined;
  #sink: VideoSink | undefined;
  #early: IceCandidate[] = [];
  #subscribed: string | undefined;
  #closed = false;
  #frames = 0;
  #cancelPing: () => void = () => {};
  /** Signals are acted on one after the other: a candidate must not overtake its offer. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#socket = this.#connect(options.url);
  }

  /**
   * Another socket for the same player, after the first has ended: what is connected stays connected. A server that
   * knows the player sends no `config` then; one that does send it begins anew.
   */
  comeBack(url: string): void {
    if (this.#closed) return;
    this.#abandon();
    this.#subscribed = undefined;
    this.#socket = this.#connect(url);
  }

  #connect(url: string): WebSocket {
    const socket = new WebSocket(url, { handshakeTimeout: handshakeMs, maxPayload: 4 * 1024 * 1024 });
    socket.on('open', () => {
      this.#send({ type: 'listStreamers' });
      this.#ping();
    });
    socket.on('message', (bytes) => {
      if (socket === this.#socket) this.#hear(bytes.toString());
    });
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      if (socket !== this.#socket) return;
      this.#cancelPing();
      if (!this.#closed) this.#options.onSocketClosed?.(code, reason.toString());
    });
    return socket;
  }

  /** A socket that nobody listens to any more. */
  #abandon(): void {
    const old = this.#socket;
    this.#cancelPing();
    old.removeAllListeners('close');
    old.terminate();
  }

  /** Frames that have arrived. */
  get frames(): number {
    return this.#frames;
  }

  get state(): ConnectionState {
    return this.#peer?.connectionState ?? 'new';
  }

  get channelOpen(): boolean {
    return this.#channel?.readyState === 'open';
  }

  /** Sends a message as a page would. False when there is no open channel. */
  say(type: ToStreamer, values: readonly FieldValue[] = []): boolean {
    if (this.#channel?.readyState !== 'open') return false;
    this.#channel.send(writePageMessage(type, values));
    return true;
  }

  /** A signalling message of one's own. */
  signal(message: PlayerSignal): void {
    this.#send(message);
  }

  /** Ends the socket and leaves the media alone, as a lost network does to it. */
  dropSocket(): void {
    this.#socket.terminate();
  }

  close(code = 1000): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPing();
    this.#socket.close(code);
    this.#hangUp();
    this.#options.clock.after(1_000, () => this.#socket.terminate());
  }

  #hangUp(): void {
    this.#sink?.stop();
    this.#sink = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#peer?.close();
    this.#peer = undefined;
  }

  #hear(text: string): void {
    const signal = readSignal(text);
    if (!signal) return;
    this.#options.onSignal?.(signal);
    this.#turn = this.#turn
      .then(() => this.#obey(signal))
      .catch(() => {
        // A description that can't be used: the connection does not come to be, and whoever waits for it gives up.
      });
  }

  async #obey(signal: PlayerSignal): Promise<void> {
    if (this.#closed) return;
    switch (signal.type) {
      case 'config':
        this.#makePeer((signal.peerConnectionOptions ?? {}) as PeerConnectionConfig);
        return;
      case 'streamerList':
        this.#choose(signal.ids);
        return;
      case 'offer':
        await this.#answer(String(signal.sdp));
        return;
      case 'iceCandidate':
        await this.#candidate(signal.candidate as IceCandidate);
        return;
      case 'ping':
        this.#send({ type: 'pong', time: signal.time });
    }
  }

  #choose(ids: unknown): void {
    if (!Array.isArray(ids) || this.#subscribed !== undefined) return;
    const { streamerId } = this.#options;
    const chosen: unknown = streamerId === undefined ? (ids.length === 1 ? ids[0] : undefined) : streamerId;
    if (typeof chosen !== 'string' || !ids.includes(chosen)) return;
    this.#subscribed = chosen;
    this.#send({ type: 'subscribe', streamerId: chosen });
  }

  #makePeer(config: PeerConnectionConfig): void {
    this.#hangUp();
    const peer = new wrtc.RTCPeerConnection(config);
    this.#peer = peer;
    peer.onicecandidate = ({ candidate }) => {
      if (candidate === null) return;
      const { candidate: text, sdpMid, sdpMLineIndex } = candidate;
      this.#send({ type: 'iceCandidate', candidate: { candidate: text, sdpMid, sdpMLineIndex } });
    };
    peer.onconnectionstatechange = () => {
      if (peer === this.#peer) this.#options.onState?.(peer.connectionState);
    };
    peer.ontrack = ({ track }) => {
      if (track.kind !== 'video' || !this.#options.onFrame) return;
      this.#sink?.stop();
      this.#sink = new wrtc.nonstandard.RTCVideoSink(track);
      this.#sink.onframe = ({ frame }) => {
        this.#frames += 1;
        this.#options.onFrame?.(frame);
      };
    };
    peer.ondatachannel = ({ channel }) => this.#follow(channel);
  }

  #follow(channel: DataChannel): void {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => this.#options.onChannel?.(this);
    channel.onmessage = ({ data }) => {
      if (typeof data === 'string') return;
      const message = readStreamerMessage(new Uint8Array(data));
      if (!message) return;
      // As Epic's page does: with the second of them the streamer has told all of its protocol.
      if (message.type === 'Protocol') this.say('RequestInitialSettings');
      this.#options.onMessage?.(message);
    };
    if (channel.readyState === 'open') this.#options.onChannel?.(this);
  }

  async #answer(sdp: string): Promise<void> {
    if (!this.#peer) this.#makePeer({});
    const peer = this.#peer;
    if (!peer) return;
    const offer: SessionDescription = { type: 'offer', sdp };
    await peer.setRemoteDescription(offer);
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) await peer.addIceCandidate(candidate).catch(() => {});
    const answer = await peer.createAnswer();
    await peer.setLocalDescription(answer);
    this.#send({ type: 'answer', sdp: answer.sdp });
    this.#send({ type: 'layerPreference', spatialLayer: 0, temporalLayer: 0, playerId: '' });
  }

  async #candidate(candidate: IceCandidate): Promise<void> {
    if (!this.#peer || this.#peer.remoteDescription === null) this.#early.push(candidate);
    else await this.#peer.addIceCandidate(candidate);
  }

  #send(message: PlayerSignal): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #ping(): void {
    const { clock } = this.#options;
    this.#cancelPing = clock.after(pingMs, () => {
      this.#send({ type: 'ping', time: clock.now() });
      this.#ping();
    });
  }
}

function readSignal(text: string): PlayerSignal | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof (value as { type?: unknown } | null)?.type === 'string'
      ? (value as PlayerSignal)
      : undefined;
  } catch {
    return undefined;
  }
}
