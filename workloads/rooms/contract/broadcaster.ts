import { z } from 'zod';
import { DisplayName, Identity } from './grants.ts';
import {
  AppData,
  DtlsParameters,
  MediaId,
  MediaKind,
  RtpCapabilities,
  RtpParameters,
  SctpStreamParameters,
} from './media/rtp.ts';

/**
 * The HTTP API of mediasoup-demo by which programs (ffmpeg, GStreamer) publish and receive: the one of 2024 and the
 * one of its TypeScript rewrite. They share paths and differ in what they send, by which they are told apart:
 * whoever names itself by `id` speaks the older one, by `peerId` the newer.
 */
const Device = z
  .looseObject({ flag: z.string().max(60).optional(), name: z.string().max(120).optional() })
  .refine((value) => JSON.stringify(value).length <= 2_048, { message: 'At most 2 kB.' });

export const BroadcasterCreate = z.union([
  z.object({
    id: Identity,
    displayName: DisplayName.default(''),
    device: Device.prefault({}),
    /** Absent: it only publishes. */
    rtpCapabilities: RtpCapabilities.optional(),
  }),
  z.object({ peerId: Identity, displayName: DisplayName.default(''), device: Device.prefault({}) }),
]);
export type BroadcasterCreate = z.infer<typeof BroadcasterCreate>;

const port = z.number().int().min(1).max(65_535);
const flags = { rtcpMux: z.boolean().default(false), comedia: z.boolean().default(true) };
export const TransportCreate = z.union([
  z.object({ type: z.enum(['plain', 'webrtc']), ...flags, sctpCapabilities: z.unknown().optional() }),
  z.object({
    direction: z.enum(['producer', 'consumer']),
    rtcpMux: z.boolean().default(false),
    comedia: z.boolean().default(false),
  }),
]);
export type TransportCreate = z.infer<typeof TransportCreate>;

export const TransportConnect = z.union([
  z.object({ dtlsParameters: DtlsParameters }),
  z.object({ ip: z.union([z.ipv4(), z.ipv6()]), port, rtcpPort: port.optional() }),
]);

export const ProduceRequest = z.object({
  kind: MediaKind,
  rtpParameters: RtpParameters,
  appData: AppData.default({}),
});
export const NewestProduceRequest = ProduceRequest.extend({ transportId: MediaId });

export const NewestConsumeRequest = z.object({
  transportId: MediaId,
  producerId: MediaId,
  paused: z.boolean().default(false),
  rtpCapabilities: RtpCapabilities,
});

export const ProduceDataRequest = z.object({
  label: z.string().max(255).default(''),
  protocol: z.string().max(255).default(''),
  sctpStreamParameters: SctpStreamParameters,
  appData: AppData.default({}),
});
export const ConsumeDataRequest = z.object({ dataProducerId: MediaId });
