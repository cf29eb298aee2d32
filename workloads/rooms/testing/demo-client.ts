import wrtc from '@roamhq/wrtc';
import { Device, type types } from 'mediasoup-client';
import protoo, { type Peer } from 'protoo-client';
import type { Vocabulary } from '../control/signalling/vocabulary.ts';

/**
 * A client as the mediasoup-demo's app is one: protoo's own client, mediasoup's own client, a real WebRTC stack, and the
 * requests in the order and words of that app, of 2024 or of today. What it does not know it reports as an error.
 */
export interface DemoClientOptions {
  /** Of the signalling socket. */
  readonly url: string;
  readonly roomId: string;
  readonly peerId: string;
  readonly vocabulary: Extract<Vocabulary, '2024' | 'newest'>;
  readonly query?: Readonly<Record<string, string>>;
  readonly forceTcp?: boolean;
  /** Takes no tracks of others. */
  readonly deaf?: boolean;
}

type Data = Record<string, unknown>;

// mediasoup-client looks for a browser.
const browser = { ...wrtc, navigator: { userAgent: 'Chrome/120' } };
for (const name of [
  'RTCPeerConnection',
  'RTCRtpTransceiver',
  'RTCRtpReceiver',
  'RTCRtpSender',
  'RTCSessionDescription',
  'RTCIceCandidate',
  'MediaStream',
  'MediaStreamTrack',
  'RTCDataChannel',
] as const) {
  if (!(name in globalThis)) Object.assign(globalThis, { [name]: browser[name as keyof typeof browser] });
}

export class DemoClient {
  readonly options: DemoClientOptions;
  readonly peer: Peer;
  readonly notifications: { readonly method: string; readonly data: Data }[] = [];
  readonly requests: { readonly method: string; readonly data: Data }[] = [];
  readonly consumers = new Map<string, types.Consumer>();
  readonly dataConsumers = new Map<string, types.DataConsumer>();
  readonly messages: string[] = [];
  device!: Device;
  send!: types.Transport;
  recv!: types.Transport;
  peers: Data[] = [];
  closed = false;
  readonly #decoded = new Map<string, number>();
  #stops: (() => void)[] = [];

  constructor(options: DemoClientOptions) {
    this.options = options;
    const url = new URL(options.url);
    url.searchParams.set('roomId', options.roomId);
    url.searchParams.set('peerId', options.peerId);
    url.searchParams.set('consumerReplicas', '0');
    if (options.vocabulary === 'newest') url.searchParams.set('usePipeTransports', 'false');
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
    this.peer = new protoo.Peer(new protoo.WebSocketTransport(url.href, { retry: { retries: 0 } }));
    this.peer.on('notification', ({ method, data }: { method: string; data: Data }) => {
      this.notifications.push({ method, data });
      this.#notified(method, data);
    });
    this.peer.on('request', (request, accept, reject) => {
      this.requests.push({ method: request.method, data: request.data });
      this.#asked(request.method, request.data).then(accept, (error: Error) => reject(500, error.message));
    });
    this.peer.on('close', () => {
      this.closed = true;
    });
  }

  get #newest(): boolean {
    return this.options.vocabulary === 'newest';
  }

  request(method: string, data: Data = {}): Promise<Data> {
    return this.peer.request(method, data) as Promise<Data>;
  }

  /** Opens, loads the device, makes both transports and joins: what the app does when its page is opened. */
  async join(): Promise<void> {
    await this.opened();
    const answer = await this.request('getRouterRtpCapabilities');
    const routerRtpCapabilities = (
      this.#newest ? answer.routerRtpCapabilities : answer
    ) as types.RtpCapabilities;
    this.device = new Device({ handlerName: 'Chrome111' });
    await this.device.load({ routerRtpCapabilities });
    this.send = await this.#transport('producer');
    this.recv = await this.#transport('consumer');
    const { peers } = await this.request('join', {
      displayName: this.options.peerId.toUpperCase(),
      device: { flag: 'chrome', name: 'Chrome', version: '120' },
      rtpCapabilities: this.device.recvRtpCapabilities,
      ...(this.#newest ? {} : { sctpCapabilities: { numStreams: { OS: 1_024, MIS: 1_024 } } }),
    });
    this.peers = peers as Data[];
  }

  async opened(): Promise<void> {
    if (this.peer.connected) return;
    await new Promise<void>((resolve, reject) => {
      this.peer.once('open', resolve);
      this.peer.once('failed', () => reject(new Error('The socket could not be opened.')));
      this.peer.once('close', () => reject(new Error('The socket was closed.')));
    });
  }

  async #transport(direction: 'producer' | 'consumer'): Promise<types.Transport> {
    const asked = this.#newest
      ? { forceTcp: this.options.forceTcp ?? false, appData: { direction } }
      : {
          forceTcp: this.options.forceTcp ?? false,
          producing: direction === 'producer',
          consuming: direction === 'consumer',
          sctpCapabilities: { numStreams: { OS: 1_024, MIS: 1_024 } },
        };
    const offer = await this.request('createWebRtcTransport', asked);
    const options = {
      id: String(this.#newest ? offer.transportId : offer.id),
      iceParameters: offer.iceParameters as types.IceParameters,
      iceCandidates: offer.iceCandidates as types.IceCandidate[],
      dtlsParameters: offer.dtlsParameters as types.DtlsParameters,
      sctpParameters: offer.sctpParameters as types.SctpParameters,
    };
    const transport =
      direction === 'producer'
        ? this.device.createSendTransport(options)
        : this.device.createRecvTransport(options);
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.request('connectWebRtcTransport', { transportId: transport.id, dtlsParameters }).then(
        done,
        failed,
      );
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      this.request('produce', { transportId: transport.id, kind, rtpParameters, appData }).then(
        (answer) => done({ id: String(this.#newest ? answer.producerId : answer.id) }),
        failed,
      );
    });
    transport.on('producedata', ({ sctpStreamParameters, label, protocol, appData }, done, failed) => {
      this.request('produceData', {
        transportId: transport.id,
        sctpStreamParameters,
        label,
        protocol,
        appData,
      }).then((answer) => done({ id: String(this.#newest ? answer.dataProducerId : answer.id) }), failed);
    });
    return transport;
  }

  /** A microphone with a tone, or a camera with moving bars. */
  async publish(kind: 'audio' | 'video', appData?: Data): Promise<types.Producer> {
    const source = kind === 'audio' ? tone() : bars();
    this.#stops.push(source.stop);
    return await this.send.produce({
      track: source.track,
      appData: appData ?? (this.#newest ? { source: kind } : {}),
      // Two layers, as the app sends when it is told to.
      ...(kind === 'video'
        ? { encodings: [{ maxBitrate: 100_000, scaleResolutionDownBy: 2 }, { maxBitrate: 500_000 }] }
        : {}),
      disableTrackOnPause: true,
      zeroRtpOnPause: true,
    });
  }

  async publishData(label: 'chat' | 'bot'): Promise<types.DataProducer> {
    const channel = await this.send.produceData({
      ordered: label === 'chat',
      ...(label === 'bot' ? { ordered: false, maxPacketLifeTime: 2_000 } : {}),
      label,
      appData: this.#newest ? { channel: label } : { info: `my-${label}-DataProducer` },
    });
    if (channel.readyState !== 'open')
      await new Promise<void>((resolve) => channel.once('open', () => resolve()));
    return channel;
  }

  async #asked(method: string, data: Data): Promise<Data> {
    if (method === 'newConsumer') {
      if (this.options.deaf) throw new Error('I do not want to consume');
      const consumer = await this.recv.consume({
        id: String(this.#newest ? data.consumerId : data.id),
        producerId: String(data.producerId),
        kind: data.kind as 'audio' | 'video',
        rtpParameters: data.rtpParameters as types.RtpParameters,
        streamId: String(data.peerId),
        appData: data.appData as Data,
      });
      this.consumers.set(consumer.id, consumer);
      this.#count(consumer);
      return {};
    }
    if (method === 'newDataConsumer') {
      const channel = await this.recv.consumeData({
        id: String(this.#newest ? data.dataConsumerId : data.id),
        dataProducerId: String(data.dataProducerId),
        sctpStreamParameters: data.sctpStreamParameters as types.SctpStreamParameters,
        label: String(data.label),
        protocol: String(data.protocol),
        appData: data.appData as Data,
      });
      channel.on('message', (message: unknown) => this.messages.push(String(message)));
      this.dataConsumers.set(channel.id, channel);
      return {};
    }
    throw new Error(`unknown request ${method}`);
  }

  #notified(method: string, data: Data): void {
    if (method === 'consumerClosed') {
      this.consumers.get(String(data.consumerId))?.close();
      this.consumers.delete(String(data.consumerId));
    }
  }

  said(method: string): Data[] {
    return this.notifications.filter((one) => one.method === method).map(({ data }) => data);
  }

  /** Pictures or pieces of sound that have come, decrypted and decoded, on the tracks of one producer. */
  decoded(producerId: string): number {
    return this.#decoded.get(producerId) ?? 0;
  }

  #count(consumer: types.Consumer): void {
    const { producerId } = consumer;
    const counted = () => this.#decoded.set(producerId, this.decoded(producerId) + 1);
    const track = consumer.track as ReturnType<typeof newTrack>;
    if (consumer.kind === 'video') {
      const sink = new wrtc.nonstandard.RTCVideoSink(track);
      sink.onframe = counted;
      this.#stops.push(() => sink.stop());
    } else {
      const sink = new wrtc.nonstandard.RTCAudioSink(track);
      sink.ondata = ({ samples }: { samples: Int16Array }) => {
        if (samples.some((sample) => Math.abs(sample) > 500)) counted();
      };
      this.#stops.push(() => sink.stop());
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.send?.close();
    this.recv?.close();
    this.peer.close();
  }
}

const newTrack = () => new wrtc.nonstandard.RTCAudioSource().createTrack();

/** 440 Hz, 48 kHz mono. */
export function tone(): { readonly track: ReturnType<typeof newTrack>; readonly stop: () => void } {
  const source = new wrtc.nonstandard.RTCAudioSource();
  const track = source.createTrack();
  let phase = 0;
  const timer = setInterval(() => {
    const samples = new Int16Array(480);
    for (let index = 0; index < samples.length; index += 1) {
      samples[index] = Math.sin(phase) * 12_000;
      phase += (2 * Math.PI * 440) / 48_000;
    }
    source.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 });
  }, 10);
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** Small moving bars, 10 a second. */
export function bars(): { readonly track: ReturnType<typeof newTrack>; readonly stop: () => void } {
  const [width, height] = [320, 240];
  const source = new wrtc.nonstandard.RTCVideoSource();
  const track = source.createTrack();
  let frame = 0;
  const timer = setInterval(() => {
    frame += 1;
    const data = new Uint8Array(width * height * 1.5).fill(128);
    for (let x = 0; x < width; x += 1) {
      for (let y = 0; y < height; y += 1) data[y * width + x] = ((x + frame * 4) & 32) === 0 ? 40 : 220;
    }
    source.onFrame({ width, height, data });
  }, 100);
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}
