import type { Clock } from '@backlot/contract/clock';
import { Device, type types } from 'mediasoup-client';
import { cameraEncodings, chooseCodec, screenEncodings } from './encodings.ts';
import { RoomError } from './errors.ts';
import type { TrackSource } from './state.ts';
import { trackSources } from './state.ts';
import { type LocalTrack, RemoteTrack, type TrackHost } from './tracks.ts';
import { TransportKeeper } from './transport-keeper.ts';
import type { NewConsumer, NewDataConsumer, TransportAnswer } from './wire.ts';

export interface MediaOptions {
  readonly clock: Clock;
  /** In Node: a handler of mediasoup-client over an RTCPeerConnection of one's own. */
  readonly handlerFactory?: types.HandlerFactory;
  readonly handlerName?: types.BuiltinHandlerName;
  readonly iceServers?: readonly RTCIceServer[];
  /** `relay` sends everything through TURN. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** TCP only, for networks that pass no UDP. */
  readonly forceTcp?: boolean;
}

export interface MediaEvents {
  readonly onReceived: (track: RemoteTrack) => void;
  readonly onReceptionEnded: (track: RemoteTrack) => void;
  readonly onData: (message: DataMessage) => void;
  /** A transport is gone for good; `rebuild` has to follow. */
  readonly onLost: (direction: Direction) => void;
}

export interface DataMessage {
  /** Absent: the server's bot. */
  readonly from: string | null;
  readonly label: string;
  readonly payload: string | ArrayBuffer;
}

export interface DataSendOptions {
  readonly label: string;
  /** Late messages are dropped rather than sent again: for cursors and game state. */
  readonly lossy?: boolean;
}

export type Direction = 'send' | 'receive';

interface Open {
  readonly transport: types.Transport;
  readonly keeper: TransportKeeper;
}

/** The media of one session: a device, a transport each way, and what flows over them. It asks the server by `host`. */
export class Media {
  readonly #options: MediaOptions;
  readonly #host: TrackHost;
  readonly #events: MediaEvents;
  #device: Device | undefined;
  #loading: Promise<Device> | undefined;
  #open: Partial<Record<Direction, Promise<Open>>> = {};
  readonly #received = new Map<string, { readonly track: RemoteTrack; readonly consumer: types.Consumer }>();
  readonly #dataConsumers = new Map<string, types.DataConsumer>();
  readonly #senders = new Map<string, Promise<types.DataProducer>>();
  #closed = false;

  constructor(options: MediaOptions, host: TrackHost, events: MediaEvents) {
    this.#options = options;
    this.#host = host;
    this.#events = events;
  }

  get receiveCapabilities(): types.RtpCapabilities | undefined {
    return this.#device?.recvRtpCapabilities;
  }

  /** Learns what the room speaks. @throws RoomError `unsupported` where the browser has no WebRTC. */
  async load(): Promise<void> {
    await this.#load();
  }

  /** Opens a transport unless it is open. */
  async open(direction: Direction): Promise<types.Transport> {
    const opening = this.#open[direction] ?? this.#create(direction);
    this.#open[direction] = opening;
    opening.catch(() => {
      if (this.#open[direction] === opening) delete this.#open[direction];
    });
    return (await opening).transport;
  }

  has(direction: Direction): boolean {
    return this.#open[direction] !== undefined;
  }

  /** Which transport has this id, if it is one of these. */
  async directionOf(transportId: string): Promise<Direction | undefined> {
    for (const direction of ['send', 'receive'] as const) {
      const open = await this.#open[direction]?.catch(() => undefined);
      if (open?.transport.id === transportId) return direction;
    }
    return undefined;
  }

  /** The transport is no more: whatever flows over it ends here, without a word to the server. */
  async lose(direction: Direction): Promise<void> {
    const opening = this.#open[direction];
    delete this.#open[direction];
    const open = await opening?.catch(() => undefined);
    open?.keeper.close();
    open?.transport.close();
    if (direction === 'send') this.#senders.clear();
    else {
      for (const { track } of this.#received.values()) this.#events.onReceptionEnded(track);
      this.#received.clear();
      this.#dataConsumers.clear();
    }
  }

  async produce(local: LocalTrack, replaces?: string): Promise<types.Producer> {
    const transport = await this.open('send');
    const { source, appData, stopOnUnpublish: _stop, ...video } = local.options;
    const device = this.#device as Device;
    const settings = local.mediaTrack.getSettings?.() ?? {};
    const codec = local.kind === 'video' ? chooseCodec(device.sendRtpCapabilities, video) : undefined;
    const producer = await transport.produce({
      track: local.mediaTrack,
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: true,
      ...(local.kind === 'video'
        ? {
            encodings:
              source === 'screen'
                ? screenEncodings(video)
                : cameraEncodings({ width: settings.width ?? 640, height: settings.height ?? 480 }, video),
            codecOptions: { videoGoogleStartBitrate: 800 },
            ...(codec ? { codec } : {}),
          }
        : { codecOptions: { opusStereo: source === 'screen-audio', opusDtx: true, opusFec: true } }),
      appData: { ...appData, source, paused: local.muted, ...(replaces ? { replaces } : {}) },
    });
    if (local.muted) producer.pause();
    local.sentBy(producer);
    return producer;
  }

  /** Receives what the server offers. The answer to it is what makes the server begin to send. */
  async consume(offer: NewConsumer): Promise<void> {
    if (this.#received.has(offer.consumerId)) return;
    const transport = await this.open('receive');
    const consumer = await transport.consume({
      id: offer.consumerId,
      producerId: offer.producerId,
      kind: offer.kind,
      rtpParameters: offer.rtpParameters,
      // Sound and picture of one person keep in step; a screen is no part of that.
      streamId: `${offer.peerId}/${String(offer.appData.source).startsWith('screen') ? 'screen' : 'person'}`,
      appData: offer.appData,
    });
    const source = trackSources.find((one) => one === offer.appData.source) ?? ('other' as TrackSource);
    const track = new RemoteTrack(
      { id: offer.producerId, identity: offer.peerId, source },
      consumer,
      this.#host,
    );
    this.#received.set(offer.consumerId, { track, consumer });
    this.#events.onReceived(track);
  }

  async consumeData(offer: NewDataConsumer): Promise<void> {
    if (this.#dataConsumers.has(offer.dataConsumerId)) return;
    const transport = await this.open('receive');
    const consumer = await transport.consumeData({
      id: offer.dataConsumerId,
      dataProducerId: offer.dataProducerId,
      sctpStreamParameters: offer.sctpStreamParameters,
      label: offer.label,
      protocol: offer.protocol,
    });
    consumer.binaryType = 'arraybuffer';
    consumer.on('message', (payload: string | ArrayBuffer) =>
      this.#events.onData({ from: offer.peerId ?? null, label: offer.label, payload }),
    );
    this.#dataConsumers.set(offer.dataConsumerId, consumer);
  }

  endConsumer(consumerId: string): void {
    const received = this.#received.get(consumerId);
    if (!received) return;
    this.#received.delete(consumerId);
    received.consumer.close();
    this.#events.onReceptionEnded(received.track);
  }

  endDataConsumer(id: string): void {
    this.#dataConsumers.get(id)?.close();
    this.#dataConsumers.delete(id);
  }

  /** What is received, by the consumer's id. */
  consumers(): ReadonlyMap<string, RemoteTrack> {
    return new Map([...this.#received].map(([id, { track }]) => [id, track]));
  }

  /** What is received, in the server's words. */
  have(): { readonly consumerIds: string[]; readonly dataConsumerIds: string[] } {
    return { consumerIds: [...this.#received.keys()], dataConsumerIds: [...this.#dataConsumers.keys()] };
  }

  producerOf(consumerId: string): string | undefined {
    return this.#received.get(consumerId)?.track.id;
  }

  /** Sends over a data channel, opened with the first message of its label. */
  async sendData(payload: string | ArrayBuffer | Uint8Array, options: DataSendOptions): Promise<void> {
    const key = `${options.label}\n${options.lossy === true}`;
    let opening = this.#senders.get(key);
    if (!opening) {
      opening = this.#openSender(options);
      this.#senders.set(key, opening);
      opening.catch(() => this.#senders.delete(key));
    }
    const sender = await opening;
    // What nobody has fetched yet grows in memory; lossy messages are dropped instead.
    if (options.lossy && sender.bufferedAmount > 1_000_000) return;
    sender.send(payload);
  }

  networkChanged(): void {
    for (const opening of Object.values(this.#open)) {
      void opening.then(({ keeper }) => keeper.networkChanged()).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.lose('send'), this.lose('receive')]);
  }

  #load(): Promise<Device> {
    if (this.#loading) return this.#loading;
    const loading = this.#loadDevice();
    this.#loading = loading;
    // What was refused in a lobby is asked again once one is in.
    loading.catch(() => {
      this.#loading = undefined;
    });
    return loading;
  }

  async #loadDevice(): Promise<Device> {
    const { handlerFactory, handlerName } = this.#options;
    let device: Device;
    try {
      device = new Device({
        ...(handlerFactory ? { handlerFactory } : {}),
        ...(handlerName ? { handlerName } : {}),
      });
    } catch (cause) {
      throw new RoomError('unsupported', 'This browser can’t make WebRTC calls.', {
        reason: 'webrtc',
        cause,
      });
    }
    const answer = (await this.#host.request('getRouterRtpCapabilities', {})) as {
      routerRtpCapabilities?: types.RtpCapabilities;
    };
    // The demo of 2024 answers with the capabilities themselves.
    const routerRtpCapabilities = answer.routerRtpCapabilities ?? (answer as types.RtpCapabilities);
    await device.load({ routerRtpCapabilities });
    this.#device = device;
    return device;
  }

  async #openSender({ label, lossy = false }: DataSendOptions): Promise<types.DataProducer> {
    const transport = await this.open('send');
    const sender = await transport.produceData({
      label,
      ordered: !lossy,
      ...(lossy ? { maxRetransmits: 0 } : {}),
    });
    if (sender.readyState === 'open') return sender;
    return new Promise((resolve, reject) => {
      const stopClock = this.#options.clock.after(10_000, () =>
        reject(new RoomError('timeout', 'The data channel did not open.')),
      );
      sender.on('open', () => {
        stopClock();
        resolve(sender);
      });
      sender.on('transportclose', () => {
        stopClock();
        reject(new RoomError('disconnected', 'The transport of the data channel is gone.'));
      });
    });
  }

  async #create(direction: Direction): Promise<Open> {
    const { clock, forceTcp = false, iceServers, iceTransportPolicy } = this.#options;
    const asked = this.#host.request('createWebRtcTransport', {
      forceTcp,
      producing: direction === 'send',
      consuming: direction === 'receive',
      appData: { direction: direction === 'send' ? 'producer' : 'consumer' },
    }) as Promise<TransportAnswer & { readonly id?: string }>;
    const [answer, device] = await Promise.all([asked, this.#load()]);
    if (this.#closed) throw new RoomError('closed', 'The room was left.');
    const servers = iceServers ?? answer.iceServers;
    const options: types.TransportOptions = {
      id: answer.transportId ?? answer.id,
      iceParameters: answer.iceParameters,
      iceCandidates: answer.iceCandidates,
      dtlsParameters: answer.dtlsParameters,
      ...(answer.sctpParameters ? { sctpParameters: answer.sctpParameters } : {}),
      ...(servers ? { iceServers: [...servers] } : {}),
      ...(iceTransportPolicy ? { iceTransportPolicy } : {}),
    };
    const transport =
      direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
    this.#answer(transport);
    const keeper = new TransportKeeper(transport, {
      clock,
      restartIce: async (transportId) => {
        const restarted = (await this.#host.request('restartIce', { transportId })) as {
          iceParameters?: types.IceParameters;
        };
        return restarted.iceParameters ?? (restarted as types.IceParameters);
      },
      onHopeless: () => {
        this.#host.request('closeTransport', { transportId: transport.id }).catch(() => undefined);
        this.#events.onLost(direction);
      },
    });
    return { transport, keeper };
  }

  /** What the library asks of the application. */
  #answer(transport: types.Transport): void {
    const ask = <T>(
      method: string,
      data: object,
      done: (answer: T) => void,
      failed: (error: Error) => void,
    ) => {
      this.#host.request(method, data).then((answer) => done(answer as T), failed);
    };
    transport.on('connect', ({ dtlsParameters }, done, failed) =>
      ask('connectWebRtcTransport', { transportId: transport.id, dtlsParameters }, () => done(), failed),
    );
    transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      const { paused, ...rest } = appData;
      ask<{ producerId?: string; id: string }>(
        'produce',
        { transportId: transport.id, kind, rtpParameters, appData: rest, paused: paused === true },
        (answer) => done({ id: answer.producerId ?? answer.id }),
        failed,
      );
    });
    transport.on('producedata', ({ sctpStreamParameters, label, protocol, appData }, done, failed) =>
      ask<{ dataProducerId?: string; id: string }>(
        'produceData',
        { transportId: transport.id, sctpStreamParameters, label, protocol, appData },
        (answer) => done({ id: answer.dataProducerId ?? answer.id }),
        failed,
      ),
    );
  }
}
