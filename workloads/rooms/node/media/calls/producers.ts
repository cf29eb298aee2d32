import type { types } from 'mediasoup';
import { spatialLayersOf } from '../room/layers.ts';
import type { Handlers } from './handler.ts';

export const producerCalls: Handlers<'produce' | 'pauseProducer' | 'resumeProducer' | 'closeProducer'> = {
  async produce(room, { transportId, owner, kind, rtpParameters, paused, appData }) {
    const entry = room.find('transport', room.transports, transportId, owner);
    const producer = await entry.transport.produce({
      kind,
      rtpParameters: rtpParameters as types.RtpParameters,
      paused,
      keyFrameRequestDelay: room.parts.settings.keyFrameRequestDelayMs,
    });
    const layers = spatialLayersOf({
      type: producer.type,
      encodings: producer.rtpParameters.encodings ?? [],
    });
    await room.adoptProducer({
      producer,
      owner: entry.owner,
      site: entry.site,
      transportId,
      appData,
      layers,
      told: layers - 1,
    });
    return { producerId: producer.id, type: producer.type };
  },

  async pauseProducer(room, { producerId, owner }) {
    await room.find('producer', room.producers, producerId, owner).producer.pause();
    return {};
  },

  async resumeProducer(room, { producerId, owner }) {
    await room.find('producer', room.producers, producerId, owner).producer.resume();
    return {};
  },

  closeProducer(room, { producerId, owner }) {
    room.find('producer', room.producers, producerId, owner).producer.close();
    return {};
  },
};
