import { z } from 'zod';

/**
 * What a browser says about its media, checked before it may come near a worker: mediasoup's own objects with the same
 * names (RFC 8829 terms, mediasoup v3 "RTP Parameters and Capabilities"), every list and string bounded. A worker has been
 * crashed by less (mediasoup issues 537, 580, 1392).
 */

/** Id of a router, transport, producer, consumer: mediasoup makes UUIDs; anything longer is nobody's. */
export const MediaId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/);
export type MediaId = z.infer<typeof MediaId>;

export const MediaKind = z.enum(['audio', 'video']);
export type MediaKind = z.infer<typeof MediaKind>;

/** JSON of a client that is stored and handed on, never interpreted; at most 8 kB. */
export const AppData = z
  .record(z.string().max(100), z.json())
  .refine((value) => JSON.stringify(value).length <= 8_192, { message: 'appData is at most 8 kB of JSON.' });
export type AppData = z.infer<typeof AppData>;

const word = z.string().max(100);
const parameters = z.record(z.string().max(64), z.union([z.string().max(1_000), z.number(), z.boolean()]));
const ssrc = z.number().int().min(0).max(0xffffffff);
const payloadType = z.number().int().min(0).max(127);
const RtcpFeedback = z.object({ type: word, parameter: word.optional() });

/** What the router speaks, without payload types. */
export const RouterCodec = z.object({
  kind: MediaKind,
  mimeType: z.string().regex(/^(audio|video)\/[A-Za-z0-9-]{1,40}$/),
  preferredPayloadType: payloadType.optional(),
  clockRate: z.number().int().positive().max(1_000_000),
  channels: z.number().int().min(1).max(8).optional(),
  parameters: parameters.optional(),
  rtcpFeedback: z.array(RtcpFeedback).max(20).optional(),
});
export type RouterCodec = z.infer<typeof RouterCodec>;

/** Header extensions that mediasoup knows; others are left out rather than refused, as browsers offer new ones each year. */
export const headerExtensionUris = [
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'urn:ietf:params:rtp-hdrext:toffset',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  'urn:mediasoup:params:rtp-hdrext:packet-id',
] as const;
type ExtensionUri = (typeof headerExtensionUris)[number];

/** A list of header extensions without those that the router doesn't know. */
const knownOnly = <T extends { readonly uri: string }>(list: readonly T[]) =>
  list.filter((entry): entry is T & { uri: ExtensionUri } =>
    (headerExtensionUris as readonly string[]).includes(entry.uri),
  );

export const RtpCapabilities = z.object({
  codecs: z
    .array(RouterCodec.extend({ preferredPayloadType: payloadType }))
    .max(100)
    .optional(),
  headerExtensions: z
    .array(
      z.object({
        kind: MediaKind,
        uri: z.string().max(200),
        preferredId: z.number().int().min(1).max(255),
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(100)
    .transform((list) => knownOnly(list))
    .optional(),
});
export type RtpCapabilities = z.infer<typeof RtpCapabilities>;

/** What a sender sends, or a receiver is sent. */
export const RtpParameters = z.object({
  mid: z.string().max(32).optional(),
  codecs: z
    .array(
      z.object({
        mimeType: z.string().regex(/^(audio|video)\/[A-Za-z0-9-]{1,40}$/),
        payloadType,
        clockRate: z.number().int().positive().max(1_000_000),
        channels: z.number().int().min(1).max(8).optional(),
        parameters: parameters.optional(),
        rtcpFeedback: z.array(RtcpFeedback).max(20).optional(),
      }),
    )
    .min(1)
    .max(32),
  headerExtensions: z
    .array(
      z.object({
        uri: z.string().max(200),
        id: z.number().int().min(1).max(255),
        encrypt: z.boolean().optional(),
        parameters: parameters.optional(),
      }),
    )
    .max(32)
    .transform((list) => knownOnly(list))
    .optional(),
  encodings: z
    .array(
      z.object({
        ssrc: ssrc.optional(),
        rid: z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,16}$/)
          .optional(),
        codecPayloadType: payloadType.optional(),
        rtx: z.object({ ssrc }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z
          .string()
          .regex(/^[LS][1-9]\d{0,2}T[1-9]\d{0,2}(h|_KEY|_KEY_SHIFT)?$/)
          .optional(),
        maxBitrate: z.number().int().nonnegative().max(1_000_000_000).optional(),
      }),
    )
    .min(1)
    .max(8)
    .optional(),
  rtcp: z.object({ cname: z.string().max(255).optional(), reducedSize: z.boolean().optional() }).optional(),
  msid: z.string().max(255).optional(),
});
export type RtpParameters = z.infer<typeof RtpParameters>;
/** As a client's JSON has it, before unknown header extensions are left out. */
export type RtpParametersInput = z.input<typeof RtpParameters>;

/** Fingerprints of a certificate (RFC 8122); an empty list has crashed workers. */
export const DtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$/),
      }),
    )
    .min(1)
    .max(8),
});
export type DtlsParameters = z.infer<typeof DtlsParameters>;

export const IceParameters = z.object({
  usernameFragment: z.string(),
  password: z.string(),
  iceLite: z.boolean().optional(),
});
export type IceParameters = z.infer<typeof IceParameters>;

export const IceCandidate = z.object({
  foundation: z.string(),
  priority: z.number().int(),
  ip: z.string(),
  address: z.string(),
  protocol: z.enum(['udp', 'tcp']),
  port: z.number().int(),
  type: z.literal('host'),
  tcpType: z.literal('passive').optional(),
});
export type IceCandidate = z.infer<typeof IceCandidate>;

/** Static keys of SRTP on a plain transport (RFC 4568). */
export const SrtpParameters = z.object({
  cryptoSuite: z.enum([
    'AEAD_AES_256_GCM',
    'AEAD_AES_128_GCM',
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
  ]),
  keyBase64: z.base64().max(128),
});
export type SrtpParameters = z.infer<typeof SrtpParameters>;

/** What the worker tells about its end of a data connection; handed to clients as it is. */
export const SctpParameters = z.record(z.string(), z.union([z.number(), z.boolean()]));

export const SctpStreamParameters = z
  .object({
    streamId: z.number().int().min(0).max(65_534),
    ordered: z.boolean().optional(),
    maxPacketLifeTime: z.number().int().min(0).max(65_535).optional(),
    maxRetransmits: z.number().int().min(0).max(65_535).optional(),
  })
  .refine((value) => value.maxPacketLifeTime === undefined || value.maxRetransmits === undefined, {
    message: 'maxPacketLifeTime and maxRetransmits exclude each other (RFC 8831, 6.6).',
  })
  .refine(
    (value) =>
      value.ordered !== true || (value.maxPacketLifeTime === undefined && value.maxRetransmits === undefined),
    { message: 'Ordered messages are reliable here: leave out maxPacketLifeTime and maxRetransmits.' },
  );
export type SctpStreamParameters = z.infer<typeof SctpStreamParameters>;

/** Layers of simulcast or SVC, from 0; the highest one wanted. */
export const Layers = z.object({
  spatialLayer: z.number().int().min(0).max(7),
  temporalLayer: z.number().int().min(0).max(7).optional(),
});
export type Layers = z.infer<typeof Layers>;

export const ProducerType = z.enum(['simple', 'simulcast', 'svc']);
export const ConsumerType = z.enum(['simple', 'simulcast', 'svc', 'pipe']);

export const ProducerScore = z.object({
  encodingIdx: z.number().int(),
  ssrc: z.number().int(),
  rid: z.string().optional(),
  score: z.number(),
});
export type ProducerScore = z.infer<typeof ProducerScore>;

export const ConsumerScore = z.object({
  score: z.number(),
  producerScore: z.number(),
  producerScores: z.array(z.number()),
});
export type ConsumerScore = z.infer<typeof ConsumerScore>;

/** One end of a plain transport. */
export const Tuple = z.object({
  localIp: z.string(),
  localAddress: z.string().optional(),
  localPort: z.number().int(),
  remoteIp: z.string().optional(),
  remotePort: z.number().int().optional(),
  protocol: z.enum(['udp', 'tcp']),
});
export type Tuple = z.infer<typeof Tuple>;
