import { z } from 'zod';
import { ConsumerScore, Layers, MediaId, ProducerScore } from './rtp.ts';

const owner = z.string();

export const TransportsLostReason = z.enum(['workerDied', 'throttled', 'moved']);
export type TransportsLostReason = z.infer<typeof TransportsLostReason>;

/**
 * What happens in a room's media by itself. Numbered from 1 without gaps for each allocation; a gap, or a control process that
 * was away, asks `eventsAfter` or `describe`. What a call of control did itself is not told again, except where several
 * participants are touched (a producer's end closes consumers of others).
 */
export const MediaEvent = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('transportState'),
    seq: z.number().int(),
    owner,
    transportId: MediaId,
    layer: z.enum(['ice', 'dtls', 'sctp']),
    /** ice: new connected completed disconnected closed; dtls and sctp: new connecting connected failed closed. */
    state: z.string(),
  }),
  /** These are gone, with all producers and consumers on them. The client makes new ones and publishes again. */
  z.object({
    event: z.literal('transportsLost'),
    seq: z.number().int(),
    owner,
    transportIds: z.array(MediaId),
    reason: TransportsLostReason,
  }),
  /** A worker is gone; the room's routers on it have been made anew elsewhere. */
  z.object({
    event: z.literal('workerDied'),
    seq: z.number().int(),
    worker: z.number().int(),
    /** It did not answer and was killed. */
    hung: z.boolean(),
  }),
  /** Also told when its transport was closed by control, lost, or failed. */
  z.object({
    event: z.literal('producerClosed'),
    seq: z.number().int(),
    owner,
    producerId: MediaId,
  }),
  z.object({
    event: z.literal('producerScore'),
    seq: z.number().int(),
    owner,
    producerId: MediaId,
    score: z.array(ProducerScore),
  }),
  z.object({
    event: z.literal('videoOrientation'),
    seq: z.number().int(),
    owner,
    producerId: MediaId,
    orientation: z.object({ camera: z.boolean(), flip: z.boolean(), rotation: z.number() }),
  }),
  /** Its producer has ended, or its transport. `producerId` so that control may offer it again. */
  z.object({
    event: z.literal('consumerClosed'),
    seq: z.number().int(),
    owner,
    consumerId: MediaId,
    producerId: MediaId,
  }),
  /** Because its producer was. */
  z.object({ event: z.literal('consumerPaused'), seq: z.number().int(), owner, consumerId: MediaId }),
  z.object({ event: z.literal('consumerResumed'), seq: z.number().int(), owner, consumerId: MediaId }),
  z.object({
    event: z.literal('consumerScore'),
    seq: z.number().int(),
    owner,
    consumerId: MediaId,
    score: ConsumerScore,
  }),
  /** Null: nothing is being forwarded. */
  z.object({
    event: z.literal('consumerLayers'),
    seq: z.number().int(),
    owner,
    consumerId: MediaId,
    layers: Layers.nullable(),
  }),
  z.object({
    event: z.literal('dataProducerClosed'),
    seq: z.number().int(),
    owner,
    dataProducerId: MediaId,
  }),
  z.object({
    event: z.literal('dataConsumerClosed'),
    seq: z.number().int(),
    owner,
    dataConsumerId: MediaId,
  }),
  /**
   * A message of a data producer that control listens to. Text, or base64 of bytes: the first 1,000 of it. At most 20 a second are
   * told of one data producer; `eventsAfter` has them without what was said.
   */
  z.object({
    event: z.literal('dataMessage'),
    seq: z.number().int(),
    owner,
    dataProducerId: MediaId,
    text: z.string().optional(),
    base64: z.string().optional(),
  }),
  /** Whoever dominates now; null: silence. Volume in dBov, -127 to 0, of the loudest, when known. */
  z.object({
    event: z.literal('activeSpeaker'),
    seq: z.number().int(),
    owner: owner.nullable(),
    producerId: MediaId.nullable(),
    volume: z.number().nullable(),
  }),
  /** The loudest, each interval in which anybody speaks, and once empty when silence begins. */
  z.object({
    event: z.literal('speakingPeers'),
    seq: z.number().int(),
    volumes: z.array(z.object({ owner, producerId: MediaId, volume: z.number() })),
  }),
  /** What a transport believes that its receiver can take, bits per second; at most one a second, where it was asked for. */
  z.object({
    event: z.literal('downlinkBwe'),
    seq: z.number().int(),
    owner,
    transportId: MediaId,
    desiredBitrate: z.number(),
    effectiveDesiredBitrate: z.number(),
    availableBitrate: z.number(),
  }),
  /** For the publisher: the highest spatial layer that anybody wants; null: nobody wants any, stop sending. */
  z.object({
    event: z.literal('wantedLayers'),
    seq: z.number().int(),
    owner,
    producerId: MediaId,
    spatialLayer: z.number().int().nullable(),
  }),
]);
export type MediaEvent = z.infer<typeof MediaEvent>;
export type MediaEventKind = MediaEvent['event'];

/** Method by which events reach control: one call, one event. */
export const mediaEventMethod = 'rooms.event';
