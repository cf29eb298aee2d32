import type { Clock } from '@backlot/contract/clock';
import {
  type FieldValue,
  type PageMessage,
  readPageMessage,
  writeStreamerMessage,
} from '../data-channel/messages.ts';
import { type FromStreamer, protocolTexts } from '../data-channel/protocol.ts';
import {
  type DataChannel,
  type IceCandidate,
  type MediaTrack,
  type PeerConnection,
  type PeerConnectionConfig,
  type SessionDescription,
  wrtc,
} from '../webrtc/wrtc.ts';

export interface ViewerOptions {
  readonly id: string;
  readonly clock: Clock;
  readonly config: PeerConnectionConfig;
  readonly tracks: readonly MediaTrack[];
  /** Left out for those who only watch. */
  readonly dataChannel: boolean;
  readonly initialSettings: () => unknown;
  /** To the player, by way of signalling. */
  send(message: { type: string } & Record<string, unknown>): void;
  onInput(message: PageMessage): void;
  /** The connection is over for good. */
  onGone(): void;
}

/** Messages to a page that doesn't read are dropped beyond this many bytes. */
const mostBuffered = 1024 * 1024;
/** How long a connection that has failed, or was never made, may take to come (again). */
const patienceMs = 20_000;
/** Name of the data channel that Unreal Engine makes. */
const channelLabel = 'cirrus';

/** One player's connection: media to it, its input from it. */
export class Viewer {
  readonly id: string;
  readonly #options: ViewerOptions;
  readonly #peer: PeerConnection;
  #channel: DataChannel | undefined;
  /** Candidates that came before the description that they belong to. */
  #early: IceCandidate[] = [];
  #restarted = false;
  #closed = false;
  #cancelPatience: () => void;
  #lastQp = { frames: 0, sum: 0 };

  constructor(options: ViewerOptions) {
    this.id = options.id;
    this.#options = options;
    this.#peer = new wrtc.RTCPeerConnection(options.config);
    this.#cancelPatience = options.clock.after(patienceMs, () => this.#gone());
    const stream = new wrtc.MediaStream();
    for (const track of options.tracks) {
      stream.addTrack(track);
      this.#peer.addTrack(track, stream);
    }
    this.#peer.onicecandidate = ({ candidate }) => {
      if (candidate === null) return;
      const { candidate: text, sdpMid, sdpMLineIndex } = candidate;
      options.send({ type: 'iceCandidate', candidate: { candidate: text, sdpMid, sdpMLineIndex } });
    };
    this.#peer.onconnectionstatechange = () => this.#stateChanged();
    this.#peer.ondatachannel = ({ channel }) => this.#follow(channel);
  }

  /** Whether it has a way for input that is open. */
  get interactive(): boolean {
    return this.#channel?.readyState === 'open';
  }

  get connected(): boolean {
    return this.#peer.connectionState === 'connected';
  }

  async offer(iceRestart = false): Promise<void> {
    if (this.#options.dataChannel && !this.#channel)
      this.#follow(this.#peer.createDataChannel(channelLabel, { ordered: true }));
    const offer = await this.#peer.createOffer(iceRestart ? { iceRestart } : {});
    await this.#peer.setLocalDescription(offer);
    this.#options.send({ type: 'offer', sdp: offer.sdp });
  }

  /** A page of the oldest engines makes the offer itself. */
  async answer(sdp: string): Promise<void> {
    await this.#remote({ type: 'offer', sdp });
    const answer = await this.#peer.createAnswer();
    await this.#peer.setLocalDescription(answer);
    this.#options.send({ type: 'answer', sdp: answer.sdp });
  }

  async answered(sdp: string): Promise<void> {
    // An answer that comes twice, or to nothing, is no reason to end a connection that works.
    if (this.#peer.signalingState !== 'have-local-offer') return;
    await this.#remote({ type: 'answer', sdp });
  }

  async candidate(candidate: IceCandidate): Promise<void> {
    if (this.#peer.remoteDescription === null) this.#early.push(candidate);
    else await this.#peer.addIceCandidate(candidate);
  }

  say(type: FromStreamer, body?: string | boolean): void {
    const channel = this.#channel;
    if (channel?.readyState !== 'open' || channel.bufferedAmount > mostBuffered) return;
    channel.send(writeStreamerMessage(type, body));
  }

  /** Tells the page how coarse the encoder was since the last time (1 is fine, 51 is coarse). */
  async tellQuality(): Promise<void> {
    if (this.#closed || !this.interactive) return;
    for (const report of (await this.#peer.getStats()).values()) {
      const { type, kind, qpSum, framesEncoded } = report;
      if (type !== 'outbound-rtp' || kind !== 'video') continue;
      const sum = Number(qpSum ?? 0);
      const frames = Number(framesEncoded ?? 0);
      const mean = (sum - this.#lastQp.sum) / Math.max(1, frames - this.#lastQp.frames);
      this.#lastQp = { frames, sum };
      // VP8 counts to 127, pages expect the scale of H.264.
      this.say('VideoEncoderAvgQP', String(Math.round((mean * 51) / 127)));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPatience();
    this.#peer.onconnectionstatechange = null;
    this.#peer.onicecandidate = null;
    this.#channel?.close();
    this.#peer.close();
  }

  async #remote(description: SessionDescription): Promise<void> {
    await this.#peer.setRemoteDescription(description);
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) await this.#peer.addIceCandidate(candidate);
  }

  #stateChanged(): void {
    if (this.#closed) return;
    const state = this.#peer.connectionState;
    if (state === 'connected') {
      this.#restarted = false;
      this.#cancelPatience();
    }
    // Tried once anew, for a network that has changed; who has left does not answer, and fails again.
    if (state === 'failed' && !this.#restarted) {
      this.#restarted = true;
      this.#cancelPatience = this.#options.clock.after(patienceMs, () => this.#gone());
      this.offer(true).catch(() => this.#gone());
    } else if (state === 'failed' || state === 'closed') this.#gone();
  }

  #gone(): void {
    if (!this.#closed) this.#options.onGone();
  }

  #follow(channel: DataChannel): void {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => {
      for (const text of protocolTexts()) this.say('Protocol', text);
    };
    channel.onmessage = ({ data }) => {
      if (typeof data === 'string') return;
      const message = readPageMessage(new Uint8Array(data));
      if (message) this.#heard(message);
    };
  }

  #heard(message: PageMessage): void {
    const [first = ''] = message.values;
    switch (message.type) {
      case 'RequestInitialSettings':
        this.say('InitialSettings', JSON.stringify(this.#options.initialSettings()));
        this.say('InputControlOwnership', true);
        return;
      case 'RequestQualityControl':
        this.say('QualityControlOwnership', true);
        return;
      case 'LatencyTest':
        this.say('LatencyTest', JSON.stringify(latencyAnswer()));
        return;
      case 'DataChannelLatencyTest':
        this.#echoLatency(first);
        return;
      case 'TestEcho':
        this.say('TestEcho');
        return;
      case 'GamepadConnected':
        this.say('GamepadResponse', JSON.stringify({ controllerId: 0 }));
    }
    this.#options.onInput(message);
  }

  #echoLatency(text: FieldValue): void {
    const received = Date.now();
    try {
      const { Seq, FillResponseSize } = JSON.parse(String(text)) as Record<string, unknown>;
      const Filler = 'A'.repeat(Math.min(Math.max(0, Number(FillResponseSize) || 0), 16_384));
      this.say(
        'DataChannelLatencyTest',
        JSON.stringify({ Seq, Filler, ReceivedTimestamp: received, SentTimestamp: Date.now() }),
      );
    } catch {
      // Not JSON: a page that asks wrongly is not answered.
    }
  }
}

function latencyAnswer() {
  const now = Date.now();
  return { ReceiptTimeMs: now, EncodeMs: 0, CaptureToSendMs: 0, TransmissionTimeMs: now };
}
