import type { types } from 'mediasoup';
import type { ConsumerView } from '../../../contract/media/calls.ts';
import type { Layers, RtpParameters } from '../../../contract/media/rtp.ts';
import { Refusal } from '../refusal.ts';
import type { ConsumerEntry, ProducerEntry } from '../room/entries.ts';
import { layerForView } from '../room/layers.ts';
import type { MediaRoom } from '../room/media-room.ts';
import type { Handlers } from './handler.ts';

/** What a camera sends that doesn't say what it sends. */
const usualPicture = { width: 1_280, height: 720 };

export const consumerCalls: Handlers<
  | 'consume'
  | 'pauseConsumer'
  | 'resumeConsumer'
  | 'closeConsumer'
  | 'setPreferredLayers'
  | 'setPriority'
  | 'requestKeyFrame'
  | 'setViewport'
> = {
  async consume(room, { transportId, owner, producerId, rtpCapabilities, paused, preferredLayers }) {
    const to = room.find('transport', room.transports, transportId, owner);
    const from = room.find('producer', room.producers, producerId);
    const source = { site: from.site, id: producerId, kind: 'media' as const };
    const capabilities = rtpCapabilities as types.RtpCapabilities;
    if (!from.site.router.canConsume({ producerId, rtpCapabilities: capabilities }))
      throw new Refusal('cannot_consume', 'The receiver knows none of the codecs of this producer.');
    const localId = await to.site.take(source);
    let consumer: types.Consumer;
    try {
      if (!to.site.router.canConsume({ producerId: localId, rtpCapabilities: capabilities }))
        throw new Refusal(
          'cannot_consume',
          'The receiver’s router knows none of the codecs of this producer.',
        );
      consumer = await to.transport.consume({
        producerId: localId,
        rtpCapabilities: capabilities,
        paused,
        ...(preferredLayers ? { preferredLayers: layersFor(preferredLayers) } : {}),
      });
    } catch (error) {
      to.site.leave(source);
      throw error;
    }
    const entry: ConsumerEntry = {
      consumer,
      owner: to.owner,
      site: to.site,
      transportId,
      producerId,
      paused,
      hidden: false,
    };
    room.adoptConsumer(entry);
    return viewOf(entry, from);
  },

  async pauseConsumer(room, { consumerId, owner }) {
    const entry = room.find('consumer', room.consumers, consumerId, owner);
    entry.paused = true;
    await settle(room, entry);
    return {};
  },

  async resumeConsumer(room, { consumerId, owner }) {
    const entry = room.find('consumer', room.consumers, consumerId, owner);
    entry.paused = false;
    await settle(room, entry);
    return {};
  },

  closeConsumer(room, { consumerId, owner }) {
    room.find('consumer', room.consumers, consumerId, owner).consumer.close();
    return {};
  },

  async setPreferredLayers(room, { consumerId, owner, spatialLayer, temporalLayer }) {
    const entry = room.find('consumer', room.consumers, consumerId, owner);
    await prefer(room, entry, { spatialLayer, ...(temporalLayer === undefined ? {} : { temporalLayer }) });
    return {};
  },

  async setPriority(room, { consumerId, owner, priority }) {
    await room.find('consumer', room.consumers, consumerId, owner).consumer.setPriority(priority);
    return {};
  },

  async requestKeyFrame(room, { consumerId, owner }) {
    await room.find('consumer', room.consumers, consumerId, owner).consumer.requestKeyFrame();
    return {};
  },

  async setViewport(room, { owner, views }) {
    const wanted = new Map(views.map((view) => [view.producerId, view]));
    const own = [...room.consumers.values()].filter((entry) => entry.owner === owner);
    for (const entry of own) {
      const view = wanted.get(entry.producerId);
      if (!view || entry.consumer.kind !== 'video') continue;
      const hidden = view.width === 0 || view.height === 0;
      if (hidden !== entry.hidden) {
        entry.hidden = hidden;
        await settle(room, entry);
      }
      const producer = room.producers.get(entry.producerId);
      if (!hidden && producer && producer.layers > 1)
        await prefer(room, entry, { spatialLayer: layerForView(view, pictureOf(producer), producer.layers) });
      if (view.priority !== undefined && view.priority !== entry.consumer.priority)
        await entry.consumer.setPriority(view.priority);
    }
    return {};
  },
};

/** Pauses or resumes as client and view together want it. mediasoup asks for a key frame where it resumes. */
async function settle(room: MediaRoom, entry: ConsumerEntry): Promise<void> {
  const paused = entry.paused || entry.hidden;
  if (paused !== entry.consumer.paused) await (paused ? entry.consumer.pause() : entry.consumer.resume());
  room.weigh(entry);
  room.wanted.changed(entry.producerId);
}

async function prefer(room: MediaRoom, entry: ConsumerEntry, layers: Layers): Promise<void> {
  const { preferredLayers, type } = entry.consumer;
  if (type === 'simple' || type === 'pipe') return;
  if (preferredLayers?.spatialLayer === layers.spatialLayer && layers.temporalLayer === undefined) return;
  await entry.consumer.setPreferredLayers(layersFor(layers));
  room.wanted.changed(entry.producerId);
}

/** mediasoup has no word for an undefined member. */
const layersFor = ({ spatialLayer, temporalLayer }: Layers): types.ConsumerLayers =>
  temporalLayer === undefined ? { spatialLayer } : { spatialLayer, temporalLayer };

/** Size of the highest layer, as its publisher says it; the usual one when it doesn't. */
function pictureOf({ appData }: ProducerEntry): { width: number; height: number } {
  const { width, height } = appData;
  const isSize = (value: unknown): value is number =>
    typeof value === 'number' && value >= 16 && value <= 16_384;
  return isSize(width) && isSize(height) ? { width, height } : usualPicture;
}

function viewOf({ consumer, producerId, paused }: ConsumerEntry, from: ProducerEntry): ConsumerView {
  return {
    consumerId: consumer.id,
    producerId,
    owner: from.owner,
    kind: consumer.kind,
    type: consumer.type,
    rtpParameters: consumer.rtpParameters as RtpParameters,
    paused,
    producerPaused: consumer.producerPaused,
    score: consumer.score,
    appData: from.appData,
  };
}
