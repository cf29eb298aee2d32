import { z } from 'zod';
import { RouterCodec } from './rtp.ts';

/** The resident process of a node in which rooms' media lives. */
export const MEDIA_HOST = 'rooms.media';
/** Capability of a node whose worker has passed a DTLS handshake. */
export const SFU = 'sfu';
/** Packets per second that one worker may send by prediction: 60 % of what saturates a core (reference, 8.2). */
export const packetsPerWorker = 30_000;

export const logLevels = ['debug', 'warn', 'error', 'none'] as const;
export const LogLevel = z.enum(logLevels);
export type LogLevel = z.infer<typeof LogLevel>;
export const logTags = [
  'info',
  'ice',
  'dtls',
  'rtp',
  'srtp',
  'rtcp',
  'rtx',
  'bwe',
  'score',
  'simulcast',
  'svc',
  'sctp',
  'message',
] as const;
export const LogTag = z.enum(logTags);
export type LogTag = z.infer<typeof LogTag>;

/** How a media host is set up; read from the node's environment when the host is started (`node/media/settings.ts`). */
export const MediaHostSettings = z.object({
  workerBin: z.string(),
  workers: z.number().int().min(1).max(256),
  listenIp: z.string().max(64).default('0.0.0.0'),
  /** By which clients reach this node: addresses or names. The first is mediasoup's, the others are further candidates. */
  announcedAddresses: z.array(z.string().max(253)).max(8).default([]),
  /** Port of the first worker, UDP and TCP; each further worker has the next. 0: any free ones. */
  basePort: z.number().int().min(0).max(65_000).default(44_444),
  enableTcp: z.boolean().default(true),
  dtlsCertificateFile: z.string().optional(),
  dtlsPrivateKeyFile: z.string().optional(),
  logLevel: LogLevel.default('warn'),
  logTags: z.array(LogTag).default(['info', 'ice', 'dtls', 'rtp', 'srtp', 'rtcp']),
  /** Room status in the log every so often; 0: never. Milliseconds. */
  statusLogMs: z.number().int().min(0).default(30_000),
  packetsPerWorker: z.number().int().positive().default(packetsPerWorker),
  /** Bytes of the sockets' receive buffers; the ingest of a full worker suffers first. */
  recvBufferSize: z
    .number()
    .int()
    .min(0)
    .max(64 * 1024 * 1024)
    .default(4 * 1024 * 1024),
});
export type MediaHostSettings = z.infer<typeof MediaHostSettings>;
export type MediaHostSettingsInput = z.input<typeof MediaHostSettings>;

/** What a room's place in a media host is told: everything about media, nothing about people. */
export const ShardSettings = z.object({
  codecs: z.array(RouterCodec).min(1).max(16),
  /** Bits per second. */
  initialOutgoingBitrate: z.number().int().positive().default(1_000_000),
  maxIncomingBitrate: z.number().int().positive().default(1_500_000),
  /** Bytes of one data message. */
  maxMessageSize: z.number().int().positive().default(262_144),
  /** A router of the room with more consumers gets company on another worker. */
  maxConsumersPerRouter: z.number().int().positive().default(400),
  /** Packets per second that the room is expected to need; reserved for its first 20 s. */
  expectedPackets: z.number().int().nonnegative().default(500),
  /** Loudest speakers told in `speakingPeers`. */
  levelEntries: z.number().int().min(1).max(50).default(10),
  /** dBov below which nobody speaks. */
  levelThreshold: z.number().int().min(-127).max(0).default(-80),
  levelIntervalMs: z.number().int().min(250).max(5_000).default(800),
  /** Milliseconds between two key-frame requests to a publisher; more for rooms with an audience. */
  keyFrameRequestDelayMs: z.number().int().min(0).max(10_000).default(1_000),
  /** Seconds without a sign of life by STUN after which a transport counts as gone. */
  iceConsentTimeoutS: z.number().int().min(0).max(120).default(20),
});
export type ShardSettings = z.infer<typeof ShardSettings>;
export type ShardSettingsInput = z.input<typeof ShardSettings>;
