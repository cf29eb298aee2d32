import { BacklotError } from '@backlot/contract';
import { roomHttpErrors } from '../../../contract/http-errors.ts';
import type { RtpCapabilities } from '../../../contract/media/rtp.ts';
import type { Track } from '../../../contract/room.ts';
import type { ConsumerOffer, Seat } from '../../ports.ts';
import { type Offer, type OfferedMedia, unacceptable } from '../sdp/read-offer.ts';
import { receiveCapabilities } from '../sdp/receive-capabilities.ts';
import { type AnsweredMedia, writeAnswer } from '../sdp/write-answer.ts';
import { enterRoom, type Opened } from './publish.ts';

/** Which tracks a player asks for; without a wish, those of whoever published last. */
export interface Wish {
  /** Identity of a participant. */
  readonly from?: string | undefined;
  readonly trackIds?: readonly string[] | undefined;
}

/** A player only receives. @throws sdp_unacceptable */
export function checkPlayer(offer: Offer): void {
  if (offer.media.some(({ receives }) => !receives)) throw unacceptable('not_received');
}

/**
 * Which track each medium of a player gets: the tracks of one participant, so that sound and picture belong together;
 * video first decides whose. Null: nothing for this medium. Pure.
 */
export function chooseTracks(
  media: readonly Pick<OfferedMedia, 'kind'>[],
  tracks: readonly Track[],
  { from, trackIds }: Wish,
): (Track | null)[] {
  const wanted = tracks.filter(
    (track) =>
      (from === undefined || track.identity === from) &&
      (trackIds === undefined || trackIds.includes(track.id)),
  );
  const newest = wanted.toReversed();
  const lead =
    newest.find(({ kind }) => kind === 'video' && media.some((one) => one.kind === kind)) ?? newest[0];
  const pool = trackIds === undefined ? wanted.filter(({ identity }) => identity === lead?.identity) : wanted;
  const left = [...pool];
  return media.map(({ kind }) => {
    const index = left.findIndex((track) => track.kind === kind);
    return index < 0 ? null : (left.splice(index, 1)[0] ?? null);
  });
}

/**
 * Answers an offer to play. A medium for which there is no track stays inactive.
 * @throws nothing_live, sdp_unacceptable, room_forbidden
 */
export async function play(
  seat: Seat,
  offer: Offer,
  tracks: readonly Track[],
  wish: Wish,
  device: string,
): Promise<Opened> {
  const chosen = chooseTracks(offer.media, tracks, wish);
  if (chosen.every((track) => track === null)) {
    throw new BacklotError(roomHttpErrors.nothing_live, { params: { room: seat.roomName }, retryAfterS: 5 });
  }
  const reception = receiveCapabilities(
    offer.media,
    await seat.routerRtpCapabilities(),
    chosen.flatMap((track) => track?.codec ?? []),
  );
  if (reception.codecs.length === 0) throw unacceptable('not_decodable');
  await enterRoom(seat, device);
  const transport = await seat.createWebRtcTransport({
    direction: 'consumer',
    sctp: false,
    codecs: reception.codecs,
  });
  await seat.connectWebRtcTransport(transport.id, offer.dtls);
  const consumers: (ConsumerOffer | null)[] = [];
  for (const track of chosen) {
    consumers.push(track && (await consume(seat, transport.id, track, reception.capabilities)));
  }
  if (consumers.every((consumer) => consumer === null)) {
    throw unacceptable('not_decodable');
  }
  const answers = consumers.map((consumer, index) => answerTo(consumer, offer.media[index], seat.roomName));
  // Packets that come before the client has read its answer are dropped by it, and the key frame is asked for again.
  for (const consumer of consumers) if (consumer) await seat.resumeConsumer(consumer.id);
  return { transportId: transport.id, answer: writeAnswer(offer, answers, transport) };
}

/** Null when the client knows none of its codecs. */
async function consume(
  seat: Seat,
  transportId: string,
  track: Track,
  rtpCapabilities: RtpCapabilities,
): Promise<ConsumerOffer | null> {
  try {
    return await seat.consume({ transportId, producerId: track.id, rtpCapabilities, paused: true });
  } catch (error) {
    if (error instanceof BacklotError && error.code === 'media_refused') return null;
    throw error;
  }
}

function answerTo(
  consumer: ConsumerOffer | null,
  media: OfferedMedia | undefined,
  stream: string,
): AnsweredMedia {
  if (!consumer || !media) return { kind: 'inactive' };
  const offered = new Set(media.codecs.map(({ preferredPayloadType }) => preferredPayloadType));
  if (consumer.rtpParameters.codecs.some(({ payloadType }) => !offered.has(payloadType))) {
    throw unacceptable('payload_types');
  }
  return { kind: 'send', rtpParameters: consumer.rtpParameters, stream, track: consumer.id };
}
