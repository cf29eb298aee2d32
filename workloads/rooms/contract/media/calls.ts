import { z } from 'zod';
import { MediaEvent, TransportsLostReason } from './events.ts';
import {
  AppData,
  ConsumerScore,
  ConsumerType,
  DtlsParameters,
  IceCandidate,
  IceParameters,
  Layers,
  MediaId,
  MediaKind,
  ProducerScore,
  ProducerType,
  RouterCodec,
  RtpCapabilities,
  RtpParameters,
  SctpParameters,
  SctpStreamParameters,
  SrtpParameters,
  Tuple,
} from './rtp.ts';
import { LogLevel, LogTag } from './settings.ts';

/** Whose an object is: the identity of a participant as control knows it. The host compares it, nothing more. */
export const Owner = z.string().min(1).max(120);
export type Owner = z.infer<typeof Owner>;

const nothing = z.object({});
const port = z.number().int().min(1).max(65_535);
const ip = z.union([z.ipv4(), z.ipv6()]);

/** `send`: will carry producers, so it is on the home router. `recv`: only consumers, on any router of the room. */
export const Direction = z.enum(['send', 'recv', 'both']);
export type Direction = z.infer<typeof Direction>;

export const WebRtcTransportView = z.object({
  transportId: MediaId,
  iceParameters: IceParameters,
  iceCandidates: z.array(IceCandidate),
  dtlsParameters: DtlsParameters,
  sctpParameters: SctpParameters.optional(),
});
export type WebRtcTransportView = z.infer<typeof WebRtcTransportView>;

export const PlainTransportView = z.object({
  transportId: MediaId,
  tuple: Tuple,
  rtcpTuple: Tuple.optional(),
  srtpParameters: SrtpParameters.optional(),
});
export type PlainTransportView = z.infer<typeof PlainTransportView>;

/** A consumer as its client needs it: mediasoup-client's `transport.consume()` takes these fields. */
export const ConsumerView = z.object({
  consumerId: MediaId,
  producerId: MediaId,
  /** Whose the producer is. */
  owner: Owner,
  kind: MediaKind,
  type: ConsumerType,
  rtpParameters: RtpParameters,
  paused: z.boolean(),
  producerPaused: z.boolean(),
  score: ConsumerScore,
  /** The producer's. */
  appData: AppData,
});
export type ConsumerView = z.infer<typeof ConsumerView>;

export const DataConsumerView = z.object({
  dataConsumerId: MediaId,
  dataProducerId: MediaId,
  /** Whose the data producer is; null: made by control (`openServerData`). */
  owner: Owner.nullable(),
  sctpStreamParameters: z.record(z.string(), z.unknown()).optional(),
  label: z.string(),
  protocol: z.string(),
  appData: AppData,
});
export type DataConsumerView = z.infer<typeof DataConsumerView>;

/** How a participant's network is made worse, for tests. Left out or null: not in that respect. */
export const Throttle = z.object({
  /** Kilobits per second from the client. */
  uplinkKbps: z.number().min(1).max(10_000_000).nullable().default(null),
  /** Kilobits per second to the client. */
  downlinkKbps: z.number().min(1).max(10_000_000).nullable().default(null),
  /** Added to the round trip, half each way, milliseconds. */
  rttMs: z.number().min(0).max(10_000).default(0),
  /** Share of packets lost each way, 0 to 1. */
  loss: z.number().min(0).max(1).default(0),
});
export type Throttle = z.infer<typeof Throttle>;

/** Any object that has statistics or a dump. */
export const ObjectKind = z.enum(['transport', 'producer', 'consumer', 'dataProducer', 'dataConsumer']);
export const DumpKind = z.enum([...ObjectKind.options, 'worker', 'webRtcServer', 'router']);
export type DumpKind = z.infer<typeof DumpKind>;

/** One worker of the node: who it is and what it does. */
export const WorkerUsage = z.object({
  index: z.number().int(),
  pid: z.number().int(),
  state: z.enum(['running', 'starting']),
  /** UDP and TCP port of its WebRTC server. */
  port: z.number().int(),
  /** Deaths since the host started. */
  restarts: z.number().int(),
  /** Packets per second by prediction, reservations included. */
  predictedPackets: z.number(),
  budgetPackets: z.number(),
  routers: z.number().int(),
  transports: z.number().int(),
  producers: z.number().int(),
  consumers: z.number().int(),
  /** As mediasoup's `getResourceUsage()`: CPU milliseconds, `ru_maxrss` in kilobytes. Null: it did not answer. */
  resources: z.record(z.string(), z.number()).nullable(),
  /** Cores used since the last look; null at the first. */
  cores: z.number().nullable(),
});
export type WorkerUsage = z.infer<typeof WorkerUsage>;

export const RoomUsage = z.object({
  allocation: z.string(),
  roomId: z.string(),
  name: z.string(),
  participants: z.number().int(),
  transports: z.number().int(),
  producers: z.number().int(),
  consumers: z.number().int(),
  dataProducers: z.number().int(),
  dataConsumers: z.number().int(),
  /** Indexes of the workers that it has routers on, home first. */
  workers: z.array(z.number().int()),
});
export type RoomUsage = z.infer<typeof RoomUsage>;

export const HostUsage = z.object({
  pid: z.number().int(),
  uptimeMs: z.number(),
  mediasoup: z.string(),
  /** CPU milliseconds of the host's own process, and its memory in bytes. */
  process: z.object({ userMs: z.number(), systemMs: z.number(), rss: z.number() }),
  workers: z.array(WorkerUsage),
  rooms: z.array(RoomUsage),
});
export type HostUsage = z.infer<typeof HostUsage>;

/** What `describe` says of the objects in a room, each with its owner: enough for control to start from nothing. */
export const RoomDescription = z.object({
  roomId: z.string(),
  /** Number of the last event; the next one has the next number. */
  seq: z.number().int(),
  rtpCapabilities: RtpCapabilities,
  activeSpeaker: Owner.nullable(),
  participants: z.array(z.object({ owner: Owner, state: z.json() })),
  transports: z.array(
    z.object({
      transportId: MediaId,
      owner: Owner,
      type: z.enum(['webrtc', 'plain']),
      direction: Direction,
      worker: z.number().int(),
      iceState: z.string().optional(),
      dtlsState: z.string().optional(),
      sctpState: z.string().optional(),
      throttled: z.boolean(),
      appData: AppData,
    }),
  ),
  producers: z.array(
    z.object({
      producerId: MediaId,
      transportId: MediaId,
      owner: Owner,
      kind: MediaKind,
      type: ProducerType,
      /** Of the first codec, for example `video/VP8`. */
      mimeType: z.string(),
      paused: z.boolean(),
      score: z.array(ProducerScore),
      /** Highest layer that anybody wants; null: nobody wants any. */
      wantedLayer: z.number().int().nullable(),
      appData: AppData,
    }),
  ),
  consumers: z.array(
    z.object({
      consumerId: MediaId,
      producerId: MediaId,
      transportId: MediaId,
      owner: Owner,
      kind: MediaKind,
      type: ConsumerType,
      paused: z.boolean(),
      producerPaused: z.boolean(),
      score: ConsumerScore,
      preferredLayers: Layers.nullable(),
      currentLayers: Layers.nullable(),
      priority: z.number().int(),
    }),
  ),
  dataProducers: z.array(
    z.object({
      dataProducerId: MediaId,
      transportId: MediaId.nullable(),
      owner: Owner.nullable(),
      label: z.string(),
      protocol: z.string(),
      appData: AppData,
    }),
  ),
  dataConsumers: z.array(
    z.object({
      dataConsumerId: MediaId,
      dataProducerId: MediaId,
      transportId: MediaId,
      owner: Owner,
      label: z.string(),
      protocol: z.string(),
    }),
  ),
});
export type RoomDescription = z.infer<typeof RoomDescription>;

/**
 * Every request of control to a room's place in a media host. On the link the method is `rooms.<name>`, the payload the
 * first schema, and the answer a `MediaReply` around the second. Objects are named by their ids; `owner` where given must be
 * the object's, else `not_found`: so a client's id can be passed on without asking first whose it is.
 */
export const mediaCalls = {
  /** Everything; also how control comes back after its own restart. */
  describe: { payload: nothing, result: RoomDescription },
  /** Events after a number, while the host still has them (the last 1,000). `complete: false`: describe anew. */
  eventsAfter: {
    payload: z.object({ after: z.number().int().min(0) }),
    result: z.object({ complete: z.boolean(), seq: z.number().int(), events: z.array(MediaEvent) }),
  },
  getRouterRtpCapabilities: { payload: nothing, result: RtpCapabilities },
  /** Remembers what control wants to find again: opaque, at most 32 kB. Owners without it may have objects too. */
  setParticipant: {
    payload: z.object({
      owner: Owner,
      state: z
        .json()
        .refine((value) => JSON.stringify(value).length <= 32_768, { message: 'At most 32 kB.' }),
    }),
    result: nothing,
  },
  /** Closes all that this owner has and forgets it. */
  removeParticipant: { payload: z.object({ owner: Owner }), result: z.object({ closed: z.number().int() }) },

  createWebRtcTransport: {
    payload: z.object({
      owner: Owner,
      direction: Direction,
      forceTcp: z.boolean().default(false),
      /** Data channels. */
      sctp: z.boolean().default(true),
      /**
       * `recv` only: the transport is on a router with exactly these codecs and payload types, for receivers that have
       * offered theirs (WHEP; RFC 3264 wants the answerer to send with the offer's). Routers with the same list are shared.
       */
      codecs: z.array(RouterCodec).min(1).max(16).optional(),
      /** Its estimates of what its receiver can take are told as `downlinkBwe`. */
      tellBandwidth: z.boolean().default(false),
      appData: AppData.default({}),
    }),
    result: WebRtcTransportView,
  },
  createPlainTransport: {
    payload: z.object({
      owner: Owner,
      direction: Direction,
      rtcpMux: z.boolean().default(false),
      /** Takes the first sender's address as the remote one. */
      comedia: z.boolean().default(true),
      srtp: SrtpParameters.shape.cryptoSuite.optional(),
      appData: AppData.default({}),
    }),
    result: PlainTransportView,
  },
  connectWebRtcTransport: {
    payload: z.object({ transportId: MediaId, owner: Owner.optional(), dtlsParameters: DtlsParameters }),
    /** The role that the server has taken. */
    result: z.object({ dtlsLocalRole: z.string().optional() }),
  },
  connectPlainTransport: {
    payload: z.object({
      transportId: MediaId,
      owner: Owner.optional(),
      ip: ip.optional(),
      port: port.optional(),
      rtcpPort: port.optional(),
      srtpParameters: SrtpParameters.optional(),
    }),
    result: PlainTransportView,
  },
  restartIce: {
    payload: z.object({ transportId: MediaId, owner: Owner.optional() }),
    /** Candidates too: a throttled transport has others than before. */
    result: z.object({ iceParameters: IceParameters, iceCandidates: z.array(IceCandidate) }),
  },
  closeTransport: { payload: z.object({ transportId: MediaId, owner: Owner.optional() }), result: nothing },

  produce: {
    payload: z.object({
      transportId: MediaId,
      owner: Owner.optional(),
      kind: MediaKind,
      rtpParameters: RtpParameters,
      paused: z.boolean().default(false),
      appData: AppData.default({}),
    }),
    result: z.object({ producerId: MediaId, type: ProducerType }),
  },
  pauseProducer: { payload: z.object({ producerId: MediaId, owner: Owner.optional() }), result: nothing },
  resumeProducer: { payload: z.object({ producerId: MediaId, owner: Owner.optional() }), result: nothing },
  closeProducer: { payload: z.object({ producerId: MediaId, owner: Owner.optional() }), result: nothing },

  /** Created paused: resume it when its client has it, and the first picture is a key frame. */
  consume: {
    payload: z.object({
      transportId: MediaId,
      owner: Owner.optional(),
      producerId: MediaId,
      rtpCapabilities: RtpCapabilities,
      paused: z.boolean().default(true),
      preferredLayers: Layers.optional(),
      appData: AppData.default({}),
    }),
    result: ConsumerView,
  },
  pauseConsumer: { payload: z.object({ consumerId: MediaId, owner: Owner.optional() }), result: nothing },
  resumeConsumer: { payload: z.object({ consumerId: MediaId, owner: Owner.optional() }), result: nothing },
  closeConsumer: { payload: z.object({ consumerId: MediaId, owner: Owner.optional() }), result: nothing },
  setPreferredLayers: {
    payload: Layers.extend({ consumerId: MediaId, owner: Owner.optional() }),
    result: nothing,
  },
  /** 1 (the default of mediasoup) to 255; higher gets its bitrate first. */
  setPriority: {
    payload: z.object({
      consumerId: MediaId,
      owner: Owner.optional(),
      priority: z.number().int().min(1).max(255),
    }),
    result: nothing,
  },
  requestKeyFrame: { payload: z.object({ consumerId: MediaId, owner: Owner.optional() }), result: nothing },
  /**
   * What of the participant's consumers is visible, in device pixels: sets layers and priorities; 0 × 0 pauses until it is
   * visible again. Consumers that are not named stay as they are.
   */
  setViewport: {
    payload: z.object({
      owner: Owner,
      views: z
        .array(
          z.object({
            producerId: MediaId,
            width: z.number().min(0).max(32_768),
            height: z.number().min(0).max(32_768),
            priority: z.number().int().min(1).max(255).optional(),
          }),
        )
        .max(500),
    }),
    result: nothing,
  },

  produceData: {
    payload: z.object({
      transportId: MediaId,
      owner: Owner.optional(),
      sctpStreamParameters: SctpStreamParameters,
      label: z.string().max(255).default(''),
      protocol: z.string().max(255).default(''),
      appData: AppData.default({}),
    }),
    result: z.object({ dataProducerId: MediaId }),
  },
  closeDataProducer: {
    payload: z.object({ dataProducerId: MediaId, owner: Owner.optional() }),
    result: nothing,
  },
  consumeData: {
    payload: z.object({ transportId: MediaId, owner: Owner.optional(), dataProducerId: MediaId }),
    result: DataConsumerView,
  },
  closeDataConsumer: {
    payload: z.object({ dataConsumerId: MediaId, owner: Owner.optional() }),
    result: nothing,
  },
  /** A data producer of control's own (bot, messages by API); asked again with the same label, the same one. */
  openServerData: {
    payload: z.object({ label: z.string().min(1).max(255), protocol: z.string().max(255).default('') }),
    result: z.object({ dataProducerId: MediaId }),
  },
  /** Sends through an `openServerData` producer to everybody who consumes it, or to one data consumer. */
  sendData: {
    payload: z.object({
      dataProducerId: MediaId.optional(),
      dataConsumerId: MediaId.optional(),
      message: z.union([
        z.object({ text: z.string().max(262_144) }),
        z.object({ base64: z.base64().max(349_528) }),
      ]),
    }),
    result: nothing,
  },
  /** Has messages of this data producer told as `dataMessage` events (the bot listens so); `false` ends it. */
  listenData: { payload: z.object({ dataProducerId: MediaId, listen: z.boolean() }), result: nothing },

  /** mediasoup's `getStats()`, one object's. */
  stats: {
    payload: z.object({ kind: ObjectKind, id: MediaId, owner: Owner.optional() }),
    result: z.array(z.record(z.string(), z.unknown())),
  },
  /** Statistics of everything that one participant has, in one question. */
  participantStats: {
    payload: z.object({ owner: Owner }),
    result: z.object({
      transports: z.array(z.record(z.string(), z.unknown())),
      producers: z.array(
        z.object({ producerId: MediaId, stats: z.array(z.record(z.string(), z.unknown())) }),
      ),
      consumers: z.array(
        z.object({ consumerId: MediaId, stats: z.array(z.record(z.string(), z.unknown())) }),
      ),
    }),
  },
  /** mediasoup's `dump()`. Without an id: all of the kind that this room has (workers: all of the node). */
  dump: {
    payload: z.object({ kind: DumpKind, id: MediaId.optional() }),
    result: z.array(z.record(z.string(), z.unknown())),
  },
  /** A part of a long answer, from 0; whoever has the last one has had it. */
  answerPart: {
    payload: z.object({ id: z.string().max(64), part: z.number().int().min(0).max(1_000) }),
    result: z.object({ text: z.string() }),
  },
  /** Of the whole host, whichever of its rooms is asked. */
  usage: { payload: nothing, result: HostUsage },
  logLevel: { payload: z.object({ level: LogLevel }), result: nothing },
  logTags: { payload: z.object({ tags: z.array(LogTag).max(20) }), result: nothing },

  /**
   * Applies at once where the participant's transports already run over a relay; else its transports are closed
   * (`transportsLost`, reason `throttled`) and the ones that its client makes anew do. Null takes it back.
   */
  throttle: {
    payload: z.object({ owner: Owner, throttle: Throttle.nullable() }),
    result: z.object({ transportsLost: z.array(MediaId) }),
  },
  /** Closes transports as if their worker had died; for drills and for moving to another worker. */
  loseTransports: {
    payload: z.object({ owner: Owner, reason: TransportsLostReason.default('moved') }),
    result: z.object({ transportsLost: z.array(MediaId) }),
  },
} as const satisfies Record<string, { readonly payload: z.ZodType; readonly result: z.ZodType }>;

export type MediaMethod = keyof typeof mediaCalls;
/** As sent: defaults may be left out. */
export type MediaPayload<M extends MediaMethod> = z.input<(typeof mediaCalls)[M]['payload']>;
/** As the host sees it, checked and completed. */
export type MediaRequest<M extends MediaMethod> = z.output<(typeof mediaCalls)[M]['payload']>;
export type MediaResult<M extends MediaMethod> = z.output<(typeof mediaCalls)[M]['result']>;

/**
 * not_found       no such object in this room, or it belongs to somebody else
 * invalid         the payload or a parameter in it makes no sense; `message` says what
 * cannot_consume  the receiver knows none of the producer's codecs
 * unavailable     no worker can take it this moment; ask again in a second
 * failed          the worker refused it; `message` is its own
 */
export const mediaErrorCodes = ['not_found', 'invalid', 'cannot_consume', 'unavailable', 'failed'] as const;
export const MediaErrorCode = z.enum(mediaErrorCodes);
export type MediaErrorCode = z.infer<typeof MediaErrorCode>;

/** An answer that is too long for one message: its JSON in so many parts, kept for a while under this id. */
export const AnswerParts = z.object({ id: z.string().max(64), count: z.number().int().min(1).max(1_000) });
export type AnswerParts = z.infer<typeof AnswerParts>;

/**
 * The answer to every call: refusals travel inside it, so that their code reaches control. `parts` instead of data: ask for
 * them with `answerPart`, one after the other.
 */
export const MediaReply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), data: z.unknown(), parts: AnswerParts.optional() }),
  z.object({ ok: z.literal(false), code: MediaErrorCode, message: z.string() }),
]);
export type MediaReply = z.infer<typeof MediaReply>;

/** Method of a call on the link. */
export const mediaMethodName = (method: MediaMethod) => `rooms.${method}` as const;
