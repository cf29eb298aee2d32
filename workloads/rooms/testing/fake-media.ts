import { BacklotError, type Call, newId } from '@backlot/contract';
import { linkErrors } from '@backlot/contract/errors/link';
import {
  type MediaMethod,
  type MediaReply,
  type MediaRequest,
  mediaCalls,
  type RoomDescription,
} from '../contract/media/calls.ts';
import { codecsOf } from '../contract/media/codecs.ts';
import type { MediaEvent } from '../contract/media/events.ts';

/** An event without its number. */
export type FakeEvent = MediaEvent extends infer E ? (E extends MediaEvent ? Omit<E, 'seq'> : never) : never;

interface Owned {
  readonly id: string;
  readonly owner: string;
  readonly transportId: string;
}

/**
 * A media host in memory, for tests of what control decides: it keeps the book of a room as the real one does, checks
 * every call by the contract, and moves no packet. Tests of media use the real one.
 */
export class FakeMedia {
  readonly calls: { readonly method: string; readonly payload: unknown }[] = [];
  /** Set to play an agent that is away. */
  away = false;
  /** Set to hold back answers: a call is answered when this resolves. */
  gate: Promise<void> | null = null;
  /** Set to hold back answers to what was done already: events overtake them. */
  late: Promise<void> | null = null;
  readonly #rooms = new Map<string, FakeRoom>();
  #tell: (allocation: string, event: MediaEvent) => void = () => {};

  onTell(tell: (allocation: string, event: MediaEvent) => void): void {
    this.#tell = tell;
  }

  room(allocation: string): FakeRoom {
    let room = this.#rooms.get(allocation);
    if (!room) {
      room = new FakeRoom((event) => this.#tell(allocation, event));
      this.#rooms.set(allocation, room);
    }
    return room;
  }

  get rooms(): readonly FakeRoom[] {
    return [...this.#rooms.values()];
  }

  async call(call: Call): Promise<unknown> {
    if (this.away) throw new BacklotError(linkErrors.node_not_connected);
    if (this.gate) await this.gate;
    const method = call.method.slice('rooms.'.length) as MediaMethod;
    this.calls.push({ method, payload: call.payload });
    const definition = mediaCalls[method];
    if (!definition)
      return { ok: false, code: 'invalid', message: `no method ${method}` } satisfies MediaReply;
    const payload = definition.payload.safeParse(call.payload);
    if (!payload.success) {
      return { ok: false, code: 'invalid', message: payload.error.message } satisfies MediaReply;
    }
    try {
      const data = this.room(call.allocation).do(method, payload.data as never);
      if (this.late) await this.late;
      return { ok: true, data: definition.result.parse(data) } satisfies MediaReply;
    } catch (error) {
      if (error instanceof NotFound) {
        return { ok: false, code: 'not_found', message: error.message } satisfies MediaReply;
      }
      throw error;
    }
  }
}

class NotFound extends Error {}

export class FakeRoom {
  readonly transports = new Map<string, { id: string; owner: string; direction: 'send' | 'recv' | 'both' }>();
  readonly producers = new Map<
    string,
    Owned & { kind: 'audio' | 'video'; paused: boolean; appData: object }
  >();
  readonly consumers = new Map<string, Owned & { producerId: string; paused: boolean }>();
  readonly dataProducers = new Map<
    string,
    {
      id: string;
      owner: string | null;
      transportId: string | null;
      label: string;
      protocol: string;
      appData: object;
    }
  >();
  readonly dataConsumers = new Map<string, Owned & { dataProducerId: string }>();
  readonly sent: unknown[] = [];
  readonly throttled = new Map<string, unknown>();
  readonly #events: MediaEvent[] = [];
  readonly #tell: (event: MediaEvent) => void;
  /** Set to lose events on the way. */
  deaf = false;

  constructor(tell: (event: MediaEvent) => void) {
    this.#tell = tell;
  }

  /** Tells something, as the host does by itself. */
  say(event: FakeEvent): void {
    const numbered = { ...event, seq: this.#events.length + 1 } as MediaEvent;
    this.#events.push(numbered);
    if (!this.deaf) this.#tell(numbered);
  }

  /** A worker has died: everybody's transports are gone. */
  loseAll(): void {
    for (const owner of new Set([...this.transports.values()].map((one) => one.owner))) {
      const ids = [...this.transports.values()].filter((one) => one.owner === owner).map(({ id }) => id);
      for (const id of ids) this.#closeTransport(id);
      this.say({ event: 'transportsLost', owner, transportIds: ids, reason: 'workerDied' });
    }
  }

  get objects(): number {
    return (
      this.transports.size +
      this.producers.size +
      this.consumers.size +
      this.dataConsumers.size +
      [...this.dataProducers.values()].filter(({ owner }) => owner !== null).length
    );
  }

  do<M extends MediaMethod>(method: M, payload: MediaRequest<M>): unknown {
    const handler = this.#handlers[method] as ((payload: MediaRequest<M>) => unknown) | undefined;
    if (!handler) throw new Error(`The fake media host has no ${method}.`);
    return handler(payload);
  }

  #own<T extends { readonly owner: string | null }>(
    map: ReadonlyMap<string, T>,
    id: string,
    owner?: string,
  ): T {
    const one = map.get(id);
    if (!one || (owner !== undefined && one.owner !== owner)) throw new NotFound(id);
    return one;
  }

  #closeTransport(id: string): void {
    this.transports.delete(id);
    for (const one of [...this.producers.values()]) if (one.transportId === id) this.#closeProducer(one.id);
    for (const one of [...this.consumers.values()]) if (one.transportId === id) this.consumers.delete(one.id);
    for (const one of [...this.dataProducers.values()]) if (one.transportId === id) this.#closeData(one.id);
    for (const one of [...this.dataConsumers.values()]) {
      if (one.transportId === id) this.dataConsumers.delete(one.id);
    }
  }

  #closeProducer(id: string): void {
    this.producers.delete(id);
    for (const one of [...this.consumers.values()]) {
      if (one.producerId !== id) continue;
      this.consumers.delete(one.id);
      this.say({ event: 'consumerClosed', owner: one.owner, consumerId: one.id, producerId: id });
    }
  }

  #closeData(id: string): void {
    this.dataProducers.delete(id);
    for (const one of [...this.dataConsumers.values()]) {
      if (one.dataProducerId !== id) continue;
      this.dataConsumers.delete(one.id);
      this.say({ event: 'dataConsumerClosed', owner: one.owner, dataConsumerId: one.id });
    }
  }

  #pause(producerId: string, owner: string | undefined, paused: boolean): object {
    this.#own(this.producers, producerId, owner).paused = paused;
    for (const one of this.consumers.values()) {
      if (one.producerId !== producerId) continue;
      this.say({
        event: paused ? 'consumerPaused' : 'consumerResumed',
        owner: one.owner,
        consumerId: one.id,
      });
    }
    return {};
  }

  readonly #handlers: Partial<{ [M in MediaMethod]: (payload: MediaRequest<M>) => unknown }> = {
    describe: () => this.#describe(),
    eventsAfter: ({ after }) => ({
      complete: true,
      seq: this.#events.length,
      events: this.#events.slice(after),
    }),
    getRouterRtpCapabilities: () => ({
      codecs: codecsOf(['opus', 'vp8']).map((codec, index) => ({
        ...codec,
        preferredPayloadType: 100 + index,
      })),
      headerExtensions: [],
    }),
    removeParticipant: ({ owner }) => {
      const ids = [...this.transports.values()].filter((one) => one.owner === owner).map(({ id }) => id);
      for (const id of ids) this.#closeTransport(id);
      this.throttled.delete(owner);
      return { closed: ids.length };
    },
    createWebRtcTransport: ({ owner, direction }) => {
      const id = newId();
      this.transports.set(id, { id, owner, direction });
      return {
        transportId: id,
        iceParameters: { usernameFragment: 'u', password: 'p', iceLite: true },
        iceCandidates: [],
        dtlsParameters: { role: 'auto', fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
      };
    },
    createPlainTransport: ({ owner, direction }) => {
      const id = newId();
      this.transports.set(id, { id, owner, direction });
      return { transportId: id, tuple: { localIp: '127.0.0.1', localPort: 40_000, protocol: 'udp' } };
    },
    connectWebRtcTransport: ({ transportId, owner }) => {
      this.#own(this.transports, transportId, owner);
      return { dtlsLocalRole: 'client' };
    },
    restartIce: ({ transportId, owner }) => {
      this.#own(this.transports, transportId, owner);
      return { iceParameters: { usernameFragment: 'u2', password: 'p2' }, iceCandidates: [] };
    },
    closeTransport: ({ transportId, owner }) => {
      this.#own(this.transports, transportId, owner);
      this.#closeTransport(transportId);
      return {};
    },
    produce: ({ transportId, owner, kind, paused, appData }) => {
      const transport = this.#own(this.transports, transportId, owner);
      const id = newId();
      this.producers.set(id, { id, owner: transport.owner, transportId, kind, paused, appData });
      return { producerId: id, type: 'simple' };
    },
    pauseProducer: ({ producerId, owner }) => this.#pause(producerId, owner, true),
    resumeProducer: ({ producerId, owner }) => this.#pause(producerId, owner, false),
    closeProducer: ({ producerId, owner }) => {
      this.#own(this.producers, producerId, owner);
      this.#closeProducer(producerId);
      return {};
    },
    consume: ({ transportId, owner, producerId, paused, rtpCapabilities }) => {
      const transport = this.#own(this.transports, transportId, owner);
      const producer = this.#own(this.producers, producerId);
      const id = newId();
      this.consumers.set(id, { id, owner: transport.owner, transportId, producerId, paused });
      return {
        consumerId: id,
        producerId,
        owner: producer.owner,
        kind: producer.kind,
        type: 'simple',
        rtpParameters: { codecs: [{ mimeType: `${producer.kind}/x`, payloadType: 100, clockRate: 90_000 }] },
        paused,
        producerPaused: producer.paused,
        score: { score: 10, producerScore: 10, producerScores: [10] },
        appData: producer.appData,
        codecs: rtpCapabilities.codecs,
      };
    },
    pauseConsumer: ({ consumerId, owner }) => {
      this.#own(this.consumers, consumerId, owner).paused = true;
      return {};
    },
    resumeConsumer: ({ consumerId, owner }) => {
      this.#own(this.consumers, consumerId, owner).paused = false;
      return {};
    },
    closeConsumer: ({ consumerId, owner }) => {
      this.#own(this.consumers, consumerId, owner);
      this.consumers.delete(consumerId);
      return {};
    },
    setPreferredLayers: ({ consumerId, owner }) => {
      this.#own(this.consumers, consumerId, owner);
      return {};
    },
    setPriority: ({ consumerId, owner }) => {
      this.#own(this.consumers, consumerId, owner);
      return {};
    },
    requestKeyFrame: ({ consumerId, owner }) => {
      this.#own(this.consumers, consumerId, owner);
      return {};
    },
    setViewport: () => ({}),
    produceData: ({ transportId, owner, label, protocol, appData }) => {
      const transport = this.#own(this.transports, transportId, owner);
      const id = newId();
      this.dataProducers.set(id, { id, owner: transport.owner, transportId, label, protocol, appData });
      return { dataProducerId: id };
    },
    closeDataProducer: ({ dataProducerId, owner }) => {
      this.#own(this.dataProducers, dataProducerId, owner);
      this.#closeData(dataProducerId);
      return {};
    },
    consumeData: ({ transportId, owner, dataProducerId }) => {
      const transport = this.#own(this.transports, transportId, owner);
      const producer = this.#own(this.dataProducers, dataProducerId);
      const id = newId();
      this.dataConsumers.set(id, { id, owner: transport.owner, transportId, dataProducerId });
      return {
        dataConsumerId: id,
        dataProducerId,
        owner: producer.owner,
        sctpStreamParameters: { streamId: 1 },
        label: producer.label,
        protocol: producer.protocol,
        appData: producer.appData,
      };
    },
    closeDataConsumer: ({ dataConsumerId, owner }) => {
      this.#own(this.dataConsumers, dataConsumerId, owner);
      this.dataConsumers.delete(dataConsumerId);
      return {};
    },
    openServerData: ({ label, protocol }) => {
      const id = newId();
      this.dataProducers.set(id, { id, owner: null, transportId: null, label, protocol, appData: {} });
      return { dataProducerId: id };
    },
    sendData: (payload) => {
      this.sent.push(payload);
      return {};
    },
    listenData: () => ({}),
    stats: ({ kind, id }) => [{ type: kind, id }],
    throttle: ({ owner, throttle }) => {
      if (throttle) this.throttled.set(owner, throttle);
      else this.throttled.delete(owner);
      return { transportsLost: [] };
    },
  };

  #describe(): RoomDescription {
    return {
      roomId: 'fake',
      seq: this.#events.length,
      rtpCapabilities: {},
      activeSpeaker: null,
      participants: [],
      transports: [...this.transports.values()].map(({ id, owner, direction }) => ({
        transportId: id,
        owner,
        type: 'webrtc',
        direction,
        worker: 0,
        throttled: false,
        appData: {},
      })),
      producers: [...this.producers.values()].map((one) => ({
        producerId: one.id,
        transportId: one.transportId,
        owner: one.owner,
        kind: one.kind,
        type: 'simple',
        mimeType: `${one.kind}/x`,
        paused: one.paused,
        score: [],
        wantedLayer: null,
        appData: one.appData as Record<string, never>,
      })),
      consumers: [...this.consumers.values()].map((one) => ({
        consumerId: one.id,
        producerId: one.producerId,
        transportId: one.transportId,
        owner: one.owner,
        kind: this.producers.get(one.producerId)?.kind ?? 'audio',
        type: 'simple',
        paused: one.paused,
        producerPaused: false,
        score: { score: 10, producerScore: 10, producerScores: [10] },
        preferredLayers: null,
        currentLayers: null,
        priority: 1,
      })),
      dataProducers: [...this.dataProducers.values()].map((one) => ({
        dataProducerId: one.id,
        transportId: one.transportId,
        owner: one.owner,
        label: one.label,
        protocol: one.protocol,
        appData: one.appData as Record<string, never>,
      })),
      dataConsumers: [...this.dataConsumers.values()].map((one) => ({
        dataConsumerId: one.id,
        dataProducerId: one.dataProducerId,
        transportId: one.transportId,
        owner: one.owner,
        label: '',
        protocol: '',
      })),
    };
  }
}

export const fingerprint = Array.from({ length: 32 }, (_, index) =>
  index.toString(16).padStart(2, '0').toUpperCase(),
).join(':');
