import { z } from 'zod';
import { DisplayName, Identity, Permissions, Role, RoomName } from '../grants.ts';
import {
  AppData,
  DtlsParameters,
  MediaId,
  MediaKind,
  RtpCapabilities,
  RtpParameters,
  SctpStreamParameters,
} from '../media/rtp.ts';

/**
 * Every method that a client may call at `/rooms/ws`, with the schema that its data must fit before anything else
 * looks at it. The names and fields of the mediasoup-demo of 2024 and of the newest one are both taken; what is ours
 * alone stands in `extensionMethods`.
 *
 * The schemas are deliberately one per method, not one per vocabulary: a field that only one of the demos sends is
 * optional here.
 */

const id = MediaId;
const producerId = z.object({ producerId: id });
const consumerId = z.object({ consumerId: id });
const nothing = z.object({});
const secret = z.string().max(500);

/** What old clients say about SCTP. Only whether it is there counts: newer ones send nothing. */
const sctpCapabilities = z.object({
  numStreams: z
    .object({ OS: z.number().int().min(0).max(65_535), MIS: z.number().int().min(0).max(65_535) })
    .optional(),
});

/** Kilobits per second and milliseconds, as the demo has them; loss in percent. */
const throttleOptions = z.object({
  uplink: z.number().min(0).max(10_000_000).optional(),
  downlink: z.number().min(0).max(10_000_000).optional(),
  up: z.number().min(0).max(10_000_000).optional(),
  down: z.number().min(0).max(10_000_000).optional(),
  rtt: z.number().min(0).max(60_000).optional(),
  packetLoss: z.number().min(0).max(100).optional(),
  localhost: z.boolean().optional(),
});

/** Methods of the two demos. */
export const demoMethods = {
  getRouterRtpCapabilities: nothing,
  getRtcStatsUrl: nothing,
  join: z.object({
    displayName: DisplayName.default(''),
    device: z
      .record(z.string().max(60), z.unknown())
      .refine((value) => JSON.stringify(value).length <= 1_024, { message: 'At most 1,024 characters.' })
      .default({}),
    rtpCapabilities: RtpCapabilities.optional(),
    sctpCapabilities: sctpCapabilities.nullish(),
  }),
  createWebRtcTransport: z.object({
    forceTcp: z.boolean().nullish(),
    producing: z.boolean().nullish(),
    consuming: z.boolean().nullish(),
    sctpCapabilities: sctpCapabilities.nullish(),
    appData: AppData.and(z.object({ direction: z.enum(['producer', 'consumer']).optional() })).optional(),
  }),
  connectWebRtcTransport: z.object({ transportId: id, dtlsParameters: DtlsParameters }),
  restartIce: z.object({ transportId: id }),
  produce: z.object({
    transportId: id,
    kind: MediaKind,
    rtpParameters: RtpParameters,
    appData: AppData.default({}),
    /** Ours: begins paused, and announced so. */
    paused: z.boolean().optional(),
  }),
  closeProducer: producerId,
  pauseProducer: producerId,
  resumeProducer: producerId,
  pauseConsumer: consumerId,
  resumeConsumer: consumerId,
  setConsumerPreferredLayers: z.object({
    consumerId: id,
    spatialLayer: z.number().int().min(0).max(10),
    temporalLayer: z.number().int().min(0).max(10).nullish(),
  }),
  setConsumerPriority: z.object({ consumerId: id, priority: z.number().int().min(1).max(255) }),
  requestConsumerKeyFrame: consumerId,
  produceData: z.object({
    transportId: id,
    sctpStreamParameters: SctpStreamParameters,
    label: z.string().max(200).default(''),
    protocol: z.string().max(200).default(''),
    appData: AppData.default({}),
  }),
  changeDisplayName: z.object({ displayName: DisplayName }),
  getTransportStats: z.object({ transportId: id }),
  getProducerStats: producerId,
  getConsumerStats: consumerId,
  getDataProducerStats: z.object({ dataProducerId: id }),
  getDataConsumerStats: z.object({ dataConsumerId: id }),
  /** 2024: the values stand beside the secret; newest: in `options`. */
  applyNetworkThrottle: throttleOptions.extend({ secret, options: throttleOptions.optional() }),
  resetNetworkThrottle: z.object({ secret }),
  stopNetworkThrottle: z.object({ secret }),
} as const;

const peer = z.object({ peerId: Identity });
const reason = z.string().max(300).optional();

/** What may be changed of somebody's rights. */
const permissionChanges = Permissions.partial().refine((value) => Object.keys(value).length > 0, {
  message: 'Say what changes.',
});

/** Any JSON of at most 16 kB: messages over signalling are for control, media and bulk go over data channels. */
export const maxPayload = 16 * 1_024;
const payload = z
  .unknown()
  .refine((value) => (JSON.stringify(value ?? null)?.length ?? 0) <= maxPayload, {
    message: 'At most 16,384 characters of JSON.',
  })
  .optional();

/** Methods of our own. */
export const extensionMethods = {
  /** First request on a new socket that goes on with a session. `lastSeq`: the last message that came through. */
  resume: z.object({
    sessionId: z.string().min(16).max(100),
    lastSeq: z.number().int().nonnegative(),
    /** What the client has; after a restart of the control plane, the rest is closed and offered again. */
    consumerIds: z.array(id).max(10_000).optional(),
    dataConsumerIds: z.array(id).max(10_000).optional(),
  }),
  /** Says that messages up to here have come; keeps the server's memory of them short. */
  ack: z.object({ seq: z.number().int().nonnegative() }),
  leave: nothing,
  closeTransport: z.object({ transportId: id }),
  closeDataProducer: z.object({ dataProducerId: id }),
  subscribe: z.object({ producerIds: z.array(id).min(1).max(200) }),
  unsubscribe: z.object({ producerIds: z.array(id).min(1).max(200) }),
  /** How large tracks are shown, CSS pixels × device ratio; 0 × 0: not visible, the track is paused. */
  setViewport: z.object({
    views: z
      .array(
        z.object({
          producerId: id,
          width: z.number().int().min(0).max(20_000),
          height: z.number().int().min(0).max(20_000),
          priority: z.number().int().min(1).max(255).optional(),
        }),
      )
      .min(1)
      .max(200),
  }),
  kickPeer: peer.extend({ reason, revoke: z.boolean().default(true) }),
  /** Without a producer or kind: everything of that person. */
  mutePeer: peer.extend({
    producerId: id.optional(),
    kind: MediaKind.optional(),
    muted: z.boolean().default(true),
  }),
  /** All audio of everybody who is no moderator. */
  muteAll: z.object({ kind: MediaKind.default('audio') }),
  lockRoom: z.object({ locked: z.boolean() }),
  setLobby: z.object({ enabled: z.boolean() }),
  admitPeer: peer,
  denyPeer: peer.extend({ reason }),
  setPermissions: peer.extend({ permissions: permissionChanges }),
  setRole: peer.extend({ role: Role }),
  /** Sends somebody to another room, with a token for it. */
  movePeer: peer.extend({ roomId: RoomName }),
  /** To everybody with the right to data, or to those named. */
  sendData: z.object({
    topic: z.string().max(100).default(''),
    to: z.array(Identity).max(100).optional(),
    payload,
  }),
  /** Asks one other participant; the answer of its client is the answer. */
  rpc: z.object({
    to: Identity,
    method: z.string().min(1).max(100),
    payload,
    timeoutMs: z.number().int().min(100).max(30_000).default(10_000),
  }),
} as const;

export const methods = { ...demoMethods, ...extensionMethods } as const;
export type MethodName = keyof typeof methods;
/** What a method gets once it has been checked. */
export type MethodData<M extends MethodName> = z.output<(typeof methods)[M]>;
/** What a client sends. */
export type MethodInput<M extends MethodName> = z.input<(typeof methods)[M]>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

/** What a client may send as a notification, which is not answered: the newest demo does so with these. */
export const notifiable: ReadonlySet<MethodName> = new Set([
  'closeProducer',
  'pauseProducer',
  'resumeProducer',
  'pauseConsumer',
  'resumeConsumer',
  'setConsumerPreferredLayers',
  'setConsumerPriority',
  'requestConsumerKeyFrame',
  'changeDisplayName',
  'setViewport',
  'ack',
  'sendData',
]);
