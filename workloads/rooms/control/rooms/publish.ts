import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import type { Seat } from '../ports.ts';
import { mayPublish, sourceOf } from './decisions/rights.ts';
import type { LiveRoom } from './live-room.ts';
import { arrived, endTrack } from './media-events.ts';
import type { Member, OwnTrack } from './member.ts';
import { tellPaused } from './moderation.ts';
import { offerToAll, suspect } from './offers.ts';
import { producerInfo, trackView } from './views.ts';

export type Produce = Parameters<Seat['produce']>[0];

/** Publishes a track: rights and limits, the producer, and everybody hears of it. */
export async function publish(
  room: LiveRoom,
  member: Member,
  request: Produce,
): Promise<{ id: string; type: string }> {
  const source = sourceOf(request.kind, request.appData);
  if (!mayPublish(member.permissions, source)) {
    throw new BacklotError(roomErrors.room_forbidden, { params: { permission: `publish ${source}` } });
  }
  const limit = room.row.settings.maxTracksPerParticipant;
  if (member.tracks.size + member.publishing >= limit) {
    throw new BacklotError(roomErrors.track_limit, { params: { limit } });
  }
  const { replaces } = request.appData;
  // What a moderator has muted stays so when its transport is lost and the track comes back.
  const lost = typeof replaces === 'string' && member.mutedLost.delete(replaces);
  const muted = lost || room.silenced.get(member.identity)?.has(source) === true;
  const paused = muted || (request.paused ?? false);
  member.publishing += 1;
  member.making += 1;
  let made: { producerId: string; type: string };
  try {
    made = await room.place.call(
      'produce',
      {
        transportId: request.transportId,
        owner: member.identity,
        kind: request.kind,
        rtpParameters: request.rtpParameters,
        paused,
        appData: { ...request.appData, source },
      },
      { about: request.transportId },
    );
  } finally {
    member.publishing -= 1;
    member.making -= 1;
  }
  const { producerId: id, type } = made;
  if (
    member.ended ||
    !member.transports.has(request.transportId) ||
    !mayPublish(member.permissions, source)
  ) {
    room.place
      .call('closeProducer', { producerId: id, owner: member.identity })
      .catch((error: unknown) => suspect(room, error));
    throw new BacklotError(roomErrors.media_object_not_found, {
      params: { field: 'transportId', id: request.transportId },
    });
  }
  const track: OwnTrack = {
    id,
    owner: member.identity,
    transportId: request.transportId,
    kind: request.kind,
    source,
    type,
    codec: request.rtpParameters.codecs[0]?.mimeType.split('/')[1] ?? '',
    appData: request.appData,
    paused,
    muted,
  };
  member.tracks.set(id, track);
  room.present(member);
  if (member.announced) {
    room.tell('newProducer', { peerId: member.identity, producer: producerInfo(track) }, member);
  }
  if (muted) member.listener?.notify('muted', { producerId: id, muted, by: '' });
  room.deps.emit({ kind: 'track.published', room: room.view, track: trackView(track) });
  arrived(room, member, id);
  void offerToAll(room, track);
  return { id, type };
}

/** Pauses a track, or lets it go on. @throws track_muted */
export async function setTrackPaused(
  room: LiveRoom,
  member: Member,
  track: OwnTrack,
  paused: boolean,
): Promise<void> {
  if (!paused && track.muted) throw new BacklotError(roomErrors.track_muted);
  const { id: producerId } = track;
  await room.place.call(
    paused ? 'pauseProducer' : 'resumeProducer',
    { producerId, owner: member.identity },
    { about: producerId },
  );
  // A moderator's word may have come between: it holds.
  if (!paused && track.muted) {
    await room.place.call('pauseProducer', { producerId, owner: member.identity }, { about: producerId });
    throw new BacklotError(roomErrors.track_muted);
  }
  if (track.paused === paused) return;
  track.paused = paused;
  tellPaused(room, member, track);
  room.trackChanged(track);
}

/** Its owner has closed it. */
export function closeTrack(room: LiveRoom, member: Member, track: OwnTrack): void {
  endTrack(room, member, track);
}
