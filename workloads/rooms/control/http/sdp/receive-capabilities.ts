import type { RouterCodec, RtpCapabilities } from '../../../contract/media/rtp.ts';
import { commonCodecs } from './choose-codec.ts';
import type { OfferedMedia } from './read-offer.ts';

/** What a player can receive, and the codecs of a router that sends to it with its own payload types. */
export interface Reception {
  readonly capabilities: RtpCapabilities;
  readonly codecs: RouterCodec[];
}

/**
 * Reads from an offer what its client can receive. An answerer sends with the payload types of the offer (RFC 3264, 6.1),
 * so the transport belongs on a router whose codecs carry just those. Pure.
 *
 * Retransmission stays out: its payload types can't be chosen in a router, and without it the worker repeats lost
 * packets on the same stream, which every client takes. So do header extensions whose number is not the router's.
 */
export function receiveCapabilities(media: readonly OfferedMedia[], router: RtpCapabilities): Reception {
  const codecs: RouterCodec[] = [];
  const taken = new Set<number>();
  for (const one of media.filter(({ receives }) => receives)) {
    for (const codec of commonCodecs(one, router)) {
      const { preferredPayloadType: type } = codec;
      // Two media of a bundle may share payload types only when they mean the same.
      if (taken.has(type)) continue;
      taken.add(type);
      codecs.push(routerCodec(codec, router));
    }
  }
  const kinds = new Set(codecs.map(({ kind }) => kind));
  return {
    codecs,
    capabilities: {
      codecs: codecs.map((codec) => ({
        ...codec,
        preferredPayloadType: codec.preferredPayloadType ?? 0,
        rtcpFeedback: feedbackOf(media, codec),
      })),
      headerExtensions: (router.headerExtensions ?? []).filter(
        ({ kind, uri, preferredId }) =>
          kinds.has(kind) &&
          media.some(
            (one) =>
              one.kind === kind &&
              one.headerExtensions.some((mine) => mine.uri === uri && mine.id === preferredId),
          ),
      ),
    },
  };
}

/** The room's own description of a codec, with the client's payload type. */
function routerCodec(
  codec: NonNullable<RtpCapabilities['codecs']>[number],
  router: RtpCapabilities,
): RouterCodec {
  const [own = codec] = (router.codecs ?? []).filter(
    (known) =>
      commonCodecs({ ...emptyMedia, kind: codec.kind, codecs: [codec] }, { codecs: [known] }).length > 0,
  );
  return {
    kind: codec.kind,
    mimeType: own.mimeType,
    clockRate: own.clockRate,
    ...(own.channels === undefined ? {} : { channels: own.channels }),
    parameters: own.parameters ?? {},
    preferredPayloadType: codec.preferredPayloadType,
  };
}

const emptyMedia: Omit<OfferedMedia, 'kind' | 'codecs'> = {
  index: 0,
  mid: '0',
  sends: false,
  receives: true,
  headerExtensions: [],
  rids: [],
  ssrcs: [],
  cname: undefined,
  msid: undefined,
};

function feedbackOf(media: readonly OfferedMedia[], codec: RouterCodec) {
  const offered = media
    .flatMap((one) => one.codecs)
    .find(({ preferredPayloadType }) => preferredPayloadType === codec.preferredPayloadType);
  return offered?.rtcpFeedback ?? [];
}
