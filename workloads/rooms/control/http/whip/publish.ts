import type { EntryRequest, Seat } from '../../ports.ts';
import { sendParameters } from '../sdp/choose-codec.ts';
import { type Offer, unacceptable } from '../sdp/read-offer.ts';
import { writeAnswer } from '../sdp/write-answer.ts';

export interface Opened {
  readonly transportId: string;
  readonly answer: string;
}

/** One audio and one video at most (RFC 9725, 4.5), and everything is to be sent. @throws sdp_unacceptable */
export function checkPublisher(offer: Offer): void {
  for (const kind of ['audio', 'video'] as const) {
    if (offer.media.filter((media) => media.kind === kind).length > 1) {
      throw unacceptable('more_than_one', { kind });
    }
  }
  if (offer.media.some(({ sends }) => !sends)) throw unacceptable('not_sent');
}

/** What a publisher's tracks are called where a person would have a camera and a microphone. */
const sources = { audio: 'microphone', video: 'camera' } as const;

/**
 * Answers an offer to publish: all of it is produced in the room, or nothing is.
 * @throws sdp_unacceptable, room_forbidden, track_limit, media_refused
 */
export async function publish(seat: Seat, offer: Offer, device: EntryRequest['name']): Promise<Opened> {
  const router = await seat.routerRtpCapabilities();
  // Before anything is opened: half an offer is never accepted.
  const parameters = offer.media.map((media) => sendParameters(media, router));
  await enterRoom(seat, device);
  const transport = await seat.createWebRtcTransport({ direction: 'producer', sctp: false });
  await seat.connectWebRtcTransport(transport.id, offer.dtls);
  for (const [index, rtpParameters] of parameters.entries()) {
    const kind = offer.media[index]?.kind ?? 'audio';
    await seat.produce({
      transportId: transport.id,
      kind,
      rtpParameters,
      appData: { source: sources[kind] },
    });
  }
  const answers = parameters.map((rtpParameters) => ({ kind: 'receive' as const, rtpParameters }));
  return { transportId: transport.id, answer: writeAnswer(offer, answers, transport) };
}

/** A program does not wait in a lobby: it is let in with its token, or not at all. */
export async function enterRoom(seat: Seat, device: string): Promise<void> {
  await seat.join({ device: { flag: 'program', name: device }, data: false });
}
