import type { types } from 'mediasoup';
import { Refusal } from '../refusal.ts';
import type { Handlers } from './handler.ts';

export const dataCalls: Handlers<
  | 'produceData'
  | 'closeDataProducer'
  | 'consumeData'
  | 'closeDataConsumer'
  | 'openServerData'
  | 'sendData'
  | 'listenData'
> = {
  async produceData(room, { transportId, owner, sctpStreamParameters, label, protocol, appData }) {
    const entry = room.find('transport', room.transports, transportId, owner);
    const dataProducer = await entry.transport.produceData({
      sctpStreamParameters: sctpStreamParameters as types.SctpStreamParameters,
      label,
      protocol,
    });
    room.adoptDataProducer({ dataProducer, owner: entry.owner, site: entry.site, transportId, appData });
    return { dataProducerId: dataProducer.id };
  },

  closeDataProducer(room, { dataProducerId, owner }) {
    room.find('data producer', room.dataProducers, dataProducerId, owner).dataProducer.close();
    return {};
  },

  async consumeData(room, { transportId, owner, dataProducerId }) {
    const to = room.find('transport', room.transports, transportId, owner);
    const from = room.find('data producer', room.dataProducers, dataProducerId);
    const source = { site: from.site, id: dataProducerId, kind: 'data' as const };
    const localId = await to.site.take(source);
    let dataConsumer: types.DataConsumer;
    try {
      dataConsumer = await to.transport.consumeData({ dataProducerId: localId });
    } catch (error) {
      to.site.leave(source);
      throw error;
    }
    room.adoptDataConsumer({ dataConsumer, owner: to.owner, site: to.site, transportId, dataProducerId });
    const { id, label, protocol, sctpStreamParameters } = dataConsumer;
    return {
      dataConsumerId: id,
      dataProducerId,
      owner: from.owner,
      ...(sctpStreamParameters ? { sctpStreamParameters: { ...sctpStreamParameters } } : {}),
      label,
      protocol,
      appData: from.appData,
    };
  },

  closeDataConsumer(room, { dataConsumerId, owner }) {
    room.find('data consumer', room.dataConsumers, dataConsumerId, owner).dataConsumer.close();
    return {};
  },

  async openServerData(room, { label, protocol }) {
    return { dataProducerId: await room.serverData.open(label, protocol) };
  },

  async sendData(room, { dataProducerId, dataConsumerId, message }) {
    const body = 'text' in message ? message.text : Buffer.from(message.base64, 'base64');
    if (Buffer.byteLength(body) > room.parts.settings.maxMessageSize)
      throw new Refusal('invalid', `A message has at most ${room.parts.settings.maxMessageSize} bytes here.`);
    if (dataConsumerId !== undefined) {
      await room.find('data consumer', room.dataConsumers, dataConsumerId).dataConsumer.send(body);
    } else if (dataProducerId !== undefined) {
      const { dataProducer, owner } = room.find('data producer', room.dataProducers, dataProducerId);
      if (owner !== null)
        throw new Refusal('invalid', 'Only a data producer of openServerData can be sent with.');
      dataProducer.send(body);
    } else throw new Refusal('invalid', 'Name a data producer or a data consumer.');
    return {};
  },

  async listenData(room, { dataProducerId, listen }) {
    await room.serverData.listen(room.find('data producer', room.dataProducers, dataProducerId), listen);
    return {};
  },
};
