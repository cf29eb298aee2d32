import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import type { PlainOffer, Seat, TransportOffer } from '../ports.ts';
import type { LiveRoom } from './live-room.ts';
import { arrived } from './media-events.ts';
import type { Member, OwnTransport } from './member.ts';
import { offerAll, suspect } from './offers.ts';

/** Transports that one participant may have at a time: two are usual, some more while one is being replaced. */
const transportLimit = 8;

export async function createWebRtcTransport(
  room: LiveRoom,
  member: Member,
  request: Parameters<Seat['createWebRtcTransport']>[0],
): Promise<TransportOffer> {
  const { identity: owner } = member;
  const made = await make(room, member, 'webrtc', request.direction, async () => {
    const throttle = room.throttles.get(owner);
    if (throttle && member.transports.size === 0) await room.place.call('throttle', { owner, throttle });
    return await room.place.call('createWebRtcTransport', {
      owner,
      direction: request.direction === 'producer' ? 'send' : 'recv',
      forceTcp: request.forceTcp ?? false,
      sctp: request.sctp,
      tellBandwidth: request.tellBandwidth ?? false,
      ...(request.codecs ? { codecs: [...request.codecs] } : {}),
    });
  });
  const { transportId, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = made;
  return {
    id: transportId,
    iceParameters,
    iceCandidates,
    dtlsParameters,
    ...(sctpParameters ? { sctpParameters } : {}),
  };
}

export async function createPlainTransport(
  room: LiveRoom,
  member: Member,
  request: Parameters<Seat['createPlainTransport']>[0],
): Promise<PlainOffer> {
  const made = await make(room, member, 'plain', request.direction, () =>
    room.place.call('createPlainTransport', {
      owner: member.identity,
      direction: request.direction === 'producer' ? 'send' : 'recv',
      rtcpMux: request.rtcpMux,
      comedia: request.comedia,
      ...(request.srtp === undefined ? {} : { srtp: request.srtp }),
    }),
  );
  return {
    id: made.transportId,
    ip: made.tuple.localAddress ?? made.tuple.localIp,
    port: made.tuple.localPort,
    ...(made.rtcpTuple ? { rtcpPort: made.rtcpTuple.localPort } : {}),
    ...(made.srtpParameters ? { srtpParameters: made.srtpParameters } : {}),
  };
}

/** Makes a transport and takes it back when its owner has left meanwhile. */
async function make<T extends { readonly transportId: string }>(
  room: LiveRoom,
  member: Member,
  type: OwnTransport['type'],
  direction: OwnTransport['direction'],
  create: () => Promise<T>,
): Promise<T> {
  if (member.transports.size + member.making >= transportLimit + member.offering.size) {
    throw new BacklotError(roomErrors.track_limit, { params: { limit: transportLimit } });
  }
  member.making += 1;
  let made: T;
  try {
    made = await create();
  } finally {
    member.making -= 1;
  }
  const { transportId } = made;
  if (member.ended) {
    room.place
      .call('closeTransport', { transportId, owner: member.identity })
      .catch((error: unknown) => suspect(room, error));
    throw new BacklotError(roomErrors.session_unknown);
  }
  member.transports.set(transportId, { id: transportId, type, direction });
  arrived(room, member, transportId);
  if (direction === 'consumer' && member.joined) void offerAll(room, member);
  return made;
}
