import type { RouterCodec, RtpCapabilities } from '../../../contract/media/rtp.ts';
import { commonCodecs } from './choose-codec.ts';
import type { OfferedMedia } from './read-offer.ts';

type Codec = NonNullable<RtpCapabilities['codecs']>[number];

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
export function receiveCapabilities(
  media: readonly OfferedMedia[],
  router: RtpCapabilities,
  /** Names of the codecs that will be sent, such as `VP8`. Left out: all that both know. */
  names?: readonly string[],
): Reception {
  const wanted = names?.map((name) => name.toLowerCase());
  const common = media
    .filter(({ receives }) => receives)
    .flatMap((one) => commonCodecs(one, router))
    .filter(({ mimeType }) => wanted?.includes(mimeType.split('/')[1]?.toLowerCase() ?? '') ?? true);
  const codecs = placeable(common).map((codec) => routerCodec(codec, router));
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

/** Payload types in the order in which mediasoup gives them to retransmissions (its `ortc.ts`, DynamicPayloadTypes). */
const pool = [...Array.from({ length: 28 }, (_, index) => 100 + index), 96, 97, 98, 99];

/**
 * Those that one router can have together. A router gives each video codec a retransmission with the first payload type that
 * is free at that moment, and refuses a later codec that wants just that one: so those that come early in mediasoup's order
 * go first, and what still collides is left out. Two media of a bundle may use one payload type only for the same codec.
 */
function placeable(codecs: readonly Codec[]): Codec[] {
  const early = ({ preferredPayloadType: type }: Codec) =>
    pool.includes(type) ? pool.indexOf(type) : pool.length;
  const free = [...pool];
  const used = new Set<number>();
  const take = (type: number) => {
    used.add(type);
    const at = free.indexOf(type);
    if (at >= 0) free.splice(at, 1);
  };
  return codecs
    .toSorted((a, b) => early(a) - early(b))
    .filter((codec) => {
      if (used.has(codec.preferredPayloadType)) return false;
      take(codec.preferredPayloadType);
      const [rtx] = free;
      if (codec.kind === 'video' && rtx !== undefined) take(rtx);
      return true;
    });
}

/** The room's own description of a codec, with the client's payload type. */
function routerCodec(codec: Codec, router: RtpCapabilities): RouterCodec {
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
