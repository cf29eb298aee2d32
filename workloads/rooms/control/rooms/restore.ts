import type { RoomDescription } from '../../contract/media/calls.ts';
import type { ParticipantRow } from '../tables.ts';
import { sourceOf } from './decisions/rights.ts';
import type { LiveRoom } from './live-room.ts';
import { endTrack, lostTransports } from './media-events.ts';
import { Member, type OwnTrack, type SeatMemory } from './member.ts';
import { suspect } from './offers.ts';

/**
 * How what we know is made to agree with what the media host has: after a restart of the control plane, when we know
 * nothing and take all; and after events were missed, when both sides may know what the other doesn't.
 */

/** Somebody as the database remembers them: connected again within a while, or gone. */
export function memberFromRow(row: ParticipantRow & { seat: SeatMemory }): Member {
  const member = new Member({
    identity: row.identity,
    person: row.seat.person,
    name: row.name,
    role: row.role,
    permissions: row.permissions,
    metadata: row.metadata,
    via: row.via,
    tokenId: row.token_id,
    language: row.seat.language,
    sessionHash: row.session_hash,
    joinedAt: row.joined_at,
    listener: null,
  });
  member.device = row.device;
  member.recall(row.seat);
  member.joined = true;
  member.away = row.via === 'signalling';
  for (const id of row.seat.muted) member.mutedLost.add(id);
  return member;
}

/** Takes everything that the host has of people whom we know, and has it close the rest. */
export function adopt(room: LiveRoom, description: RoomDescription): void {
  const strangers = new Set<string>();
  const of = (owner: string): Member | undefined => {
    const member = room.members.get(owner);
    if (!member) strangers.add(owner);
    return member;
  };
  for (const { owner } of description.participants) of(owner);
  for (const one of description.transports) {
    of(one.owner)?.transports.set(one.transportId, {
      id: one.transportId,
      type: one.type,
      direction: one.direction === 'recv' ? 'consumer' : 'producer',
    });
  }
  for (const one of description.producers) {
    const member = of(one.owner);
    member?.tracks.set(one.producerId, trackOf(member, one));
  }
  for (const one of description.consumers) {
    of(one.owner)?.consumers.set(one.consumerId, {
      id: one.consumerId,
      producerId: one.producerId,
      transportId: one.transportId,
    });
  }
  for (const one of description.dataProducers) {
    if (one.owner === null || one.transportId === null) continue;
    of(one.owner)?.dataProducers.set(one.dataProducerId, {
      id: one.dataProducerId,
      transportId: one.transportId,
      label: one.label,
      protocol: one.protocol,
      appData: one.appData,
    });
  }
  for (const one of description.dataConsumers) {
    of(one.owner)?.dataConsumers.set(one.dataConsumerId, {
      id: one.dataConsumerId,
      dataProducerId: one.dataProducerId,
      transportId: one.transportId,
    });
  }
  for (const owner of strangers) remove(room, owner);
  room.speaker = description.activeSpeaker;
  for (const member of room.joined()) room.present(member);
}

function trackOf(member: Member, one: RoomDescription['producers'][number]): OwnTrack {
  const muted = member.mutedLost.delete(one.producerId);
  return {
    id: one.producerId,
    owner: member.identity,
    transportId: one.transportId,
    kind: one.kind,
    source: sourceOf(one.kind, one.appData),
    type: one.type,
    codec: one.mimeType.split('/')[1] ?? one.mimeType,
    appData: one.appData,
    paused: one.paused,
    muted,
  };
}

/** Whether nothing is on its way of which one side knows and the other doesn't yet. */
function quiet(member: Member): boolean {
  return member.making === 0 && member.offering.size === 0;
}

/**
 * Closes on our side what the host has no more, and on the host's side what we don't know. People for whom something is
 * just being made are left out. True: everything agrees now, as far as could be looked at.
 */
export function compare(room: LiveRoom, description: RoomDescription): boolean {
  let whole = true;
  const there = {
    transports: idsByOwner(description.transports.map((one) => [one.owner, one.transportId])),
    producers: idsByOwner(description.producers.map((one) => [one.owner, one.producerId])),
    consumers: idsByOwner(description.consumers.map((one) => [one.owner, one.consumerId])),
    dataProducers: idsByOwner(description.dataProducers.map((one) => [one.owner ?? '', one.dataProducerId])),
    dataConsumers: idsByOwner(description.dataConsumers.map((one) => [one.owner, one.dataConsumerId])),
  };
  const owners = new Set([
    ...description.participants.map(({ owner }) => owner),
    ...Object.values(there).flatMap((map) => [...map.keys()]),
  ]);
  owners.delete('');
  for (const owner of owners) if (!room.members.has(owner)) remove(room, owner);
  for (const member of [...room.members.values()]) {
    if (!quiet(member)) {
      whole = false;
      continue;
    }
    const { identity } = member;
    const lost = [...member.transports.keys()].filter((id) => !there.transports.get(identity)?.has(id));
    if (lost.length > 0) lostTransports(room, member, lost, 'moved');
    for (const track of [...member.tracks.values()]) {
      if (!there.producers.get(identity)?.has(track.id)) endTrack(room, member, track);
    }
    for (const { id } of [...member.consumers.values()]) {
      if (there.consumers.get(identity)?.has(id)) continue;
      member.consumers.delete(id);
      member.listener?.notify('consumerClosed', { consumerId: id });
    }
    for (const { id } of [...member.dataConsumers.values()]) {
      if (there.dataConsumers.get(identity)?.has(id)) continue;
      member.dataConsumers.delete(id);
      member.listener?.notify('dataConsumerClosed', { dataConsumerId: id });
    }
    for (const id of [...member.dataProducers.keys()]) {
      if (!there.dataProducers.get(identity)?.has(id)) member.dataProducers.delete(id);
    }
    closeUnknown(room, member, there);
  }
  return whole;
}

type Ids = ReadonlyMap<string, ReadonlySet<string>>;

function closeUnknown(
  room: LiveRoom,
  member: Member,
  there: { transports: Ids; producers: Ids; consumers: Ids; dataProducers: Ids; dataConsumers: Ids },
): void {
  const owner = member.identity;
  const unknown = (ids: Ids, known: { has(id: string): boolean }) =>
    [...(ids.get(owner) ?? [])].filter((id) => !known.has(id));
  const close = (call: Promise<unknown>) => call.catch((error: unknown) => suspect(room, error));
  for (const transportId of unknown(there.transports, member.transports)) {
    void close(room.place.call('closeTransport', { transportId, owner }));
  }
  for (const producerId of unknown(there.producers, member.tracks)) {
    void close(room.place.call('closeProducer', { producerId, owner }));
  }
  for (const consumerId of unknown(there.consumers, member.consumers)) {
    void close(room.place.call('closeConsumer', { consumerId, owner }));
  }
  for (const dataProducerId of unknown(there.dataProducers, member.dataProducers)) {
    void close(room.place.call('closeDataProducer', { dataProducerId, owner }));
  }
  for (const dataConsumerId of unknown(there.dataConsumers, member.dataConsumers)) {
    void close(room.place.call('closeDataConsumer', { dataConsumerId, owner }));
  }
}

function remove(room: LiveRoom, owner: string): void {
  room.place.call('removeParticipant', { owner }).catch((error: unknown) => suspect(room, error));
}

function idsByOwner(pairs: readonly (readonly [string, string])[]): Ids {
  const map = new Map<string, Set<string>>();
  for (const [owner, id] of pairs) {
    const ids = map.get(owner);
    if (ids) ids.add(id);
    else map.set(owner, new Set([id]));
  }
  return map;
}
