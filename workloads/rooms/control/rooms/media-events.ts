import type { MediaEvent } from '../../contract/media/events.ts';
import { hearBot } from './bot.ts';
import type { LiveRoom } from './live-room.ts';
import type { Member, OwnTrack } from './member.ts';
import { trackView } from './views.ts';

/** What the media host tells by itself, applied to what we know and passed on to those whom it concerns. Waits for nothing. */
export function applyMediaEvent(room: LiveRoom, event: MediaEvent): void {
  const owner = 'owner' in event && event.owner !== null ? room.members.get(event.owner) : undefined;
  switch (event.event) {
    case 'activeSpeaker':
      speaks(room, event.owner, event.volume);
      return;
    case 'speakingPeers':
      room.tell('speakingPeers', {
        peerVolumes: event.volumes.map((one) => ({ peerId: one.owner, volume: one.volume })),
      });
      return;
    case 'dataMessage':
      hearBot(room, event);
      return;
    case 'workerDied':
    case 'videoOrientation':
      return;
    default:
      // Whoever has left is told nothing; the host has closed it for the same reason.
      if (owner) applyToOwner(room, owner, event);
  }
}

type OwnedEvent = Exclude<
  MediaEvent,
  { event: 'activeSpeaker' | 'speakingPeers' | 'dataMessage' | 'workerDied' | 'videoOrientation' }
>;

/**
 * An object's answer has come: what was told of it before is applied now. To be called right after it is written down.
 */
export function arrived(room: LiveRoom, member: Member, id: string): void {
  const held = member.early.get(id);
  if (!held) return;
  member.early.delete(id);
  for (const event of held) applyMediaEvent(room, event);
}

/** The object that an event is about, and whether its owner has it by our book. */
function subjectOf(member: Member, event: OwnedEvent): { readonly id: string; readonly known: boolean } {
  switch (event.event) {
    case 'transportState':
    case 'downlinkBwe':
      return { id: event.transportId, known: member.transports.has(event.transportId) };
    case 'transportsLost': {
      const unknown = event.transportIds.find((id) => !member.transports.has(id));
      return { id: unknown ?? '', known: unknown === undefined };
    }
    case 'producerClosed':
    case 'producerScore':
    case 'wantedLayers':
      return { id: event.producerId, known: member.tracks.has(event.producerId) };
    case 'dataProducerClosed':
      return { id: event.dataProducerId, known: member.dataProducers.has(event.dataProducerId) };
    case 'dataConsumerClosed':
      return { id: event.dataConsumerId, known: member.dataConsumers.has(event.dataConsumerId) };
    default:
      return { id: event.consumerId, known: member.consumers.has(event.consumerId) };
  }
}

/** Keeps an event for an object whose answer may still be on its way. */
function hold(member: Member, id: string, event: MediaEvent): void {
  const held = member.early.get(id);
  if (held) held.push(event);
  else member.early.set(id, [event]);
}

function applyToOwner(room: LiveRoom, member: Member, event: OwnedEvent): void {
  const subject = subjectOf(member, event);
  if (member.making === 0) member.early.clear();
  else if (!subject.known) {
    hold(member, subject.id, event);
    // Other transports of the same loss are known, and lost now.
    if (event.event !== 'transportsLost') return;
  }
  const tell = member.listener;
  switch (event.event) {
    case 'transportState':
      // Our own clients restart ICE by themselves. A demo's client, whose media has ended for good, begins anew.
      if (
        event.layer === 'dtls' &&
        (event.state === 'failed' || event.state === 'closed') &&
        !member.resumable
      ) {
        if (member.transports.has(event.transportId)) tell?.again();
      }
      return;
    case 'downlinkBwe': {
      const { desiredBitrate, effectiveDesiredBitrate, availableBitrate } = event;
      tell?.notify('downlinkBwe', { desiredBitrate, effectiveDesiredBitrate, availableBitrate });
      return;
    }
    case 'transportsLost':
      lostTransports(room, member, event.transportIds, event.reason);
      return;
    case 'producerClosed': {
      const track = member.tracks.get(event.producerId);
      if (track) endTrack(room, member, track);
      return;
    }
    case 'producerScore':
      if (member.tracks.has(event.producerId)) {
        tell?.notify('producerScore', { producerId: event.producerId, score: event.score });
      }
      return;
    case 'wantedLayers':
      if (member.tracks.has(event.producerId)) {
        tell?.notify('wantedLayers', { producerId: event.producerId, maxSpatialLayer: event.spatialLayer });
      }
      return;
    case 'dataProducerClosed':
      member.dataProducers.delete(event.dataProducerId);
      return;
    case 'dataConsumerClosed':
      if (member.dataConsumers.delete(event.dataConsumerId)) {
        tell?.notify('dataConsumerClosed', { dataConsumerId: event.dataConsumerId });
      }
      return;
    case 'consumerClosed':
      if (member.consumers.delete(event.consumerId)) {
        tell?.notify('consumerClosed', { consumerId: event.consumerId });
      }
      return;
    default:
      if (member.consumers.has(event.consumerId)) tellOfConsumer(member, event);
  }
}

function tellOfConsumer(
  member: Member,
  event: Extract<
    OwnedEvent,
    { event: 'consumerPaused' | 'consumerResumed' | 'consumerScore' | 'consumerLayers' }
  >,
): void {
  const { consumerId } = event;
  const tell = member.listener;
  switch (event.event) {
    case 'consumerPaused':
      tell?.notify('consumerPaused', { consumerId });
      return;
    case 'consumerResumed':
      tell?.notify('consumerResumed', { consumerId });
      return;
    case 'consumerScore':
      tell?.notify('consumerScore', { consumerId, score: event.score });
      return;
    case 'consumerLayers':
      tell?.notify('consumerLayersChanged', { consumerId, layers: event.layers });
      return;
  }
}

/** Some of somebody's transports are gone; their tracks with them. */
export function lostTransports(
  room: LiveRoom,
  member: Member,
  transportIds: readonly string[],
  reason: string,
): void {
  const known = transportIds.filter((id) => member.transports.has(id));
  for (const id of known) {
    for (const track of member.forgetTransport(id)) {
      if (track.muted) member.mutedLost.add(track.id);
      trackEnded(room, member, track);
    }
  }
  room.remember(member);
  // What is being made on them now will fail and be taken back by whoever makes it; the client is told anyhow.
  if (transportIds.length === 0) return;
  if (member.resumable)
    member.listener?.notify('transportsLost', { transportIds: [...transportIds], reason });
  else member.listener?.again();
}

/** A track is over: forgotten and told, also who its owner is to others in an audience room. */
export function endTrack(room: LiveRoom, member: Member, track: OwnTrack): void {
  member.tracks.delete(track.id);
  trackEnded(room, member, track);
  room.remember(member);
}

function trackEnded(room: LiveRoom, member: Member, track: OwnTrack): void {
  for (const other of room.joined()) other.asked.delete(track.id);
  if (member.announced) {
    room.tell('producerClosed', { peerId: member.identity, producerId: track.id }, member);
  }
  room.deps.emit({ kind: 'track.unpublished', room: room.view, track: trackView(track) });
  room.present(member);
}

function speaks(room: LiveRoom, identity: string | null, volume: number | null): void {
  room.tell('activeSpeaker', {
    ...(identity === null ? {} : { peerId: identity }),
    ...(volume === null ? {} : { volume }),
  });
  if (room.speaker === identity) return;
  room.speaker = identity;
  room.deps.emit({ kind: 'speaker.changed', room: room.view, identity });
}
