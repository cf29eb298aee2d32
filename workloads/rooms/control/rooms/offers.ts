import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import { isSubscribed } from './decisions/rights.ts';
import type { LiveRoom } from './live-room.ts';
import { arrived } from './media-events.ts';
import type { Member, OwnDataProducer, OwnTrack } from './member.ts';

/**
 * Consumers that the room makes for people: created paused, offered to the client, resumed once it has accepted, so that
 * no packet comes before the client can place it and the first picture is a key frame.
 */

/** How many offers to one client are on their way at once. */
const atOnce = 8;

/** Whether somebody is to have this track now, by rights, wishes and the room's default. */
export function wants(room: LiveRoom, member: Member, track: OwnTrack): boolean {
  return isSubscribed({
    own: track.owner === member.identity,
    joined: member.joined && !member.ended && member.via === 'signalling',
    permitted: member.permissions.subscribe,
    capable: member.rtpCapabilities !== null,
    hasTransport: member.receiving !== undefined,
    asked: member.asked.get(track.id),
    autoSubscribe: room.row.settings.autoSubscribe,
  });
}

/** Offers somebody everything they are to have and don't. Never throws. */
export async function offerAll(room: LiveRoom, member: Member): Promise<void> {
  const tracks: OwnTrack[] = [];
  const channels: { owner: string | null; producer: OwnDataProducer }[] = [];
  for (const other of room.joined()) {
    if (other === member) continue;
    for (const track of other.tracks.values()) tracks.push(track);
    for (const producer of other.dataProducers.values()) channels.push({ owner: other.identity, producer });
  }
  if (room.bot) channels.unshift({ owner: null, producer: botProducer(room.bot.out) });
  const work: (() => Promise<void>)[] = [
    ...tracks.map((track) => () => offer(room, member, track)),
    ...channels.map(
      ({ owner, producer }) =>
        () =>
          offerData(room, member, owner, producer),
    ),
  ];
  await Promise.all(
    Array.from({ length: Math.min(atOnce, work.length) }, async () => {
      for (let next = work.shift(); next; next = work.shift()) await next();
    }),
  );
}

export function botProducer(id: string): OwnDataProducer {
  return { id, transportId: '', label: 'bot', protocol: '', appData: { channel: 'bot' } };
}

/** Offers everybody a new track. Never throws. */
export async function offerToAll(room: LiveRoom, track: OwnTrack): Promise<void> {
  await Promise.all([...room.joined()].map((member) => offer(room, member, track)));
}

/** One track to one person, with its replicas. Never throws. */
export async function offer(room: LiveRoom, member: Member, track: OwnTrack): Promise<void> {
  if (!wants(room, member, track) || member.has(track.id)) return;
  member.offering.add(track.id);
  try {
    await Promise.all(Array.from({ length: 1 + member.replicas }, () => offerOnce(room, member, track)));
  } finally {
    member.offering.delete(track.id);
  }
}

async function offerOnce(room: LiveRoom, member: Member, track: OwnTrack): Promise<void> {
  const transport = member.receiving;
  if (!transport || !member.rtpCapabilities) return;
  const { identity: owner } = member;
  let consumerId: string | null = null;
  member.making += 1;
  try {
    const view = await room.place.call('consume', {
      transportId: transport.id,
      owner,
      producerId: track.id,
      rtpCapabilities: member.rtpCapabilities,
      paused: true,
    });
    consumerId = view.consumerId;
    if (!wants(room, member, track) || !member.transports.has(transport.id)) {
      return await drop(room, member, consumerId);
    }
    member.consumers.set(consumerId, { id: consumerId, producerId: track.id, transportId: transport.id });
    arrived(room, member, consumerId);
    if (!member.consumers.has(consumerId)) return;
    member.making -= 1;
    try {
      await ask(member, 'newConsumer', {
        peerId: track.owner,
        transportId: transport.id,
        consumerId,
        producerId: track.id,
        kind: view.kind,
        rtpParameters: view.rtpParameters,
        type: view.type,
        producerPaused: view.producerPaused,
        consumerScore: view.score,
        appData: { ...track.appData, peerId: track.owner, source: track.source },
      });
    } finally {
      member.making += 1;
    }
    if (!member.consumers.has(consumerId)) return;
    await room.place.call('resumeConsumer', { consumerId, owner }, { about: consumerId });
    member.listener?.notify('consumerScore', { consumerId, score: view.score });
  } catch (error) {
    room.deps.kernel.log.debug({ err: error, room: room.id, identity: owner }, 'a track was not taken');
    if (consumerId !== null) await drop(room, member, consumerId);
  } finally {
    member.making -= 1;
  }
}

/** A data channel of somebody's (or of the bot: owner null) to one person. Never throws. */
export async function offerData(
  room: LiveRoom,
  member: Member,
  owner: string | null,
  producer: OwnDataProducer,
): Promise<void> {
  const transport = member.receiving;
  const wanted = () =>
    member.joined && !member.ended && member.data && member.permissions.data && member.via === 'signalling';
  if (!transport || !wanted() || member.hasData(producer.id) || (owner !== null && isForBot(producer)))
    return;
  member.offering.add(producer.id);
  member.making += 1;
  let dataConsumerId: string | null = null;
  try {
    const view = await room.place.call('consumeData', {
      transportId: transport.id,
      owner: member.identity,
      dataProducerId: producer.id,
    });
    dataConsumerId = view.dataConsumerId;
    if (!wanted() || !member.transports.has(transport.id))
      return await dropData(room, member, dataConsumerId);
    member.dataConsumers.set(dataConsumerId, {
      id: dataConsumerId,
      dataProducerId: producer.id,
      transportId: transport.id,
    });
    arrived(room, member, dataConsumerId);
    if (!member.dataConsumers.has(dataConsumerId)) return;
    await ask(member, 'newDataConsumer', {
      ...(owner === null ? {} : { peerId: owner }),
      transportId: transport.id,
      dataConsumerId,
      dataProducerId: producer.id,
      sctpStreamParameters: view.sctpStreamParameters ?? {},
      label: view.label,
      protocol: view.protocol,
      appData: { ...producer.appData, ...(owner === null ? {} : { peerId: owner }) },
    });
  } catch (error) {
    room.deps.kernel.log.debug(
      { err: error, room: room.id, identity: member.identity },
      'a channel was not taken',
    );
    if (dataConsumerId !== null) await dropData(room, member, dataConsumerId);
  } finally {
    member.making -= 1;
    member.offering.delete(producer.id);
  }
}

/** What is meant for the bot is heard by nobody else. */
export function isForBot(producer: OwnDataProducer): boolean {
  return producer.label === 'bot' || producer.appData.channel === 'bot';
}

async function ask(
  member: Member,
  method: 'newConsumer' | 'newDataConsumer',
  data: Parameters<NonNullable<Member['listener']>['request']>[1],
): Promise<void> {
  if (!member.listener) {
    throw new BacklotError(roomErrors.rpc_unanswered, { params: { identity: member.identity, method } });
  }
  await member.listener.request(method, data as never);
}

/** Takes a consumer back, in the host and in our view. Never throws. */
export async function drop(room: LiveRoom, member: Member, consumerId: string): Promise<void> {
  member.consumers.delete(consumerId);
  await room.place
    .call('closeConsumer', { consumerId, owner: member.identity })
    .catch((error: unknown) => suspect(room, error));
}

export async function dropData(room: LiveRoom, member: Member, dataConsumerId: string): Promise<void> {
  member.dataConsumers.delete(dataConsumerId);
  await room.place
    .call('closeDataConsumer', { dataConsumerId, owner: member.identity })
    .catch((error: unknown) => suspect(room, error));
}

/** Something could not be taken back in the host: unless it was gone already, we have to look what is there. */
export function suspect(room: LiveRoom, error: unknown): void {
  if (error instanceof BacklotError && error.code === 'media_object_not_found') return;
  room.suspect = true;
}

/** Brings what somebody has in line with what they are to have: after subscribe, unsubscribe, a change of rights. */
export async function settle(room: LiveRoom, member: Member): Promise<void> {
  for (const consumer of [...member.consumers.values()]) {
    const track = room.track(consumer.producerId);
    if (track && wants(room, member, track)) continue;
    await drop(room, member, consumer.id);
    member.listener?.notify('consumerClosed', { consumerId: consumer.id });
  }
  if (!member.permissions.data) {
    for (const { id } of [...member.dataConsumers.values()]) {
      await dropData(room, member, id);
      member.listener?.notify('dataConsumerClosed', { dataConsumerId: id });
    }
  }
  await offerAll(room, member);
}
