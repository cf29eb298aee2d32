import type { MediaKind, RtpCapabilities } from '../../../contract/media/rtp.ts';
import type { Track } from '../../../contract/room.ts';
import type { PeerInfo } from '../../../contract/signalling.ts';
import type { PlainOffer, TransportOffer } from '../../ports.ts';

/** What the older API tells of others: each with its producers. */
export function peersOf(peers: readonly PeerInfo[]) {
  return peers.map(({ id, displayName, device, producers }) => ({
    id,
    displayName,
    device,
    producers: producers.map(({ producerId, kind }) => ({ id: producerId, kind })),
  }));
}

/** What the newer API tells of others: each track with the payload types in which it would be received. */
export function peerProducersInfos(
  peers: readonly PeerInfo[],
  tracks: readonly Track[],
  router: RtpCapabilities,
) {
  const codecOf = new Map(tracks.map((track) => [track.id, track.codec]));
  return peers.map(({ peerId, producers }) => ({
    peerId,
    producers: producers.map(({ producerId, kind, source, appData }) => ({
      producerId,
      kind,
      source: typeof appData.source === 'string' ? appData.source : source,
      consumableCodecs: consumableCodecs(kind, codecOf.get(producerId), router),
    })),
  }));
}

function consumableCodecs(kind: MediaKind, codec: string | undefined, router: RtpCapabilities) {
  const wanted = `${kind}/${codec ?? ''}`.toLowerCase();
  return (router.codecs ?? [])
    .filter(({ mimeType }) => mimeType.toLowerCase() === wanted)
    .map(({ mimeType, preferredPayloadType, clockRate, channels, parameters }) => ({
      mimeType,
      payloadType: preferredPayloadType,
      clockRate,
      ...(channels === undefined ? {} : { channels }),
      parameters: parameters ?? {},
    }));
}

/** Ids by both names, so that a program of either API finds its own. */
export function plainTransport({ id, ip, port, rtcpPort }: PlainOffer) {
  return { id, transportId: id, ip, port, ...(rtcpPort === undefined ? {} : { rtcpPort }) };
}

export function webRtcTransport({
  id,
  iceParameters,
  iceCandidates,
  dtlsParameters,
  sctpParameters,
}: TransportOffer) {
  return {
    id,
    transportId: id,
    iceParameters,
    iceCandidates,
    dtlsParameters,
    ...(sctpParameters === undefined ? {} : { sctpParameters }),
  };
}
