import type { RoomDescription } from '../../../contract/media/calls.ts';
import type { RtpCapabilities } from '../../../contract/media/rtp.ts';
import type { MediaRoom } from '../room/media-room.ts';
import type { Handlers } from './handler.ts';

export const describeCalls: Handlers<'describe' | 'eventsAfter' | 'getRouterRtpCapabilities'> = {
  async describe(room) {
    const rtpCapabilities = (await room.rtpCapabilities()) as RtpCapabilities;
    // In one go from here on, so that number and objects belong together.
    return describeRoom(room, rtpCapabilities);
  },
  eventsAfter: (room, { after }) => room.events.after(after),
  getRouterRtpCapabilities: async (room) => (await room.rtpCapabilities()) as RtpCapabilities,
};

function describeRoom(room: MediaRoom, rtpCapabilities: RtpCapabilities): RoomDescription {
  return {
    roomId: room.parts.roomId,
    seq: room.events.seq,
    rtpCapabilities,
    activeSpeaker: room.speakers.active,
    participants: [...room.participants].map(([owner, state]) => ({
      owner,
      state: state as RoomDescription['participants'][number]['state'],
    })),
    transports: [...room.transports.values()].map(
      ({ transport, owner, direction, site, appData, relay }) => ({
        transportId: transport.id,
        owner,
        type: transport.type,
        direction,
        worker: site.slot.index,
        ...(transport.type === 'webrtc'
          ? { iceState: transport.iceState, dtlsState: transport.dtlsState }
          : {}),
        ...(transport.sctpState ? { sctpState: transport.sctpState } : {}),
        throttled: relay !== undefined,
        appData,
      }),
    ),
    producers: [...room.producers.values()].map(({ producer, owner, transportId, appData }) => ({
      producerId: producer.id,
      transportId,
      owner,
      kind: producer.kind,
      type: producer.type,
      mimeType: producer.rtpParameters.codecs[0]?.mimeType ?? '',
      paused: producer.paused,
      score: producer.score,
      wantedLayer: room.wanted.of(producer.id),
      appData,
    })),
    consumers: [...room.consumers.values()].map(({ consumer, owner, transportId, producerId, paused }) => ({
      consumerId: consumer.id,
      producerId,
      transportId,
      owner,
      kind: consumer.kind,
      type: consumer.type,
      paused,
      producerPaused: consumer.producerPaused,
      score: consumer.score,
      preferredLayers: consumer.preferredLayers ?? null,
      currentLayers: consumer.currentLayers ?? null,
      priority: consumer.priority,
    })),
    dataProducers: [...room.dataProducers.values()].map(({ dataProducer, owner, transportId, appData }) => ({
      dataProducerId: dataProducer.id,
      transportId,
      owner,
      label: dataProducer.label,
      protocol: dataProducer.protocol,
      appData,
    })),
    dataConsumers: [...room.dataConsumers.values()].map(
      ({ dataConsumer, owner, transportId, dataProducerId }) => ({
        dataConsumerId: dataConsumer.id,
        dataProducerId,
        transportId,
        owner,
        label: dataConsumer.label,
        protocol: dataConsumer.protocol,
      }),
    ),
  };
}
