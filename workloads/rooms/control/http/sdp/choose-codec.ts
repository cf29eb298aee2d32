import type { RtpCapabilities, RtpParametersInput } from '../../../contract/media/rtp.ts';
import { type OfferedMedia, unacceptable } from './read-offer.ts';

type Codec = NonNullable<RtpCapabilities['codecs']>[number];

const isRtx = (codec: Codec) => codec.mimeType.toLowerCase().endsWith('/rtx');

/**
 * Whether two descriptions mean the same codec, as mediasoup matches them: name, clock, channels, and what else tells
 * streams apart that one decoder can't both read (RFC 6184 for H264's profile and packetization, VP9's profile).
 */
export function sameCodec(a: Codec, b: Codec): boolean {
  const name = a.mimeType.toLowerCase();
  if (name !== b.mimeType.toLowerCase() || a.clockRate !== b.clockRate) return false;
  if ((a.channels ?? 1) !== (b.channels ?? 1)) return false;
  const value = (codec: Codec, key: string) => String(codec.parameters?.[key] ?? 0);
  if (name === 'video/vp9') return value(a, 'profile-id') === value(b, 'profile-id');
  if (name !== 'video/h264') return true;
  return (
    value(a, 'packetization-mode') === value(b, 'packetization-mode') && h264Profile(a) === h264Profile(b)
  );
}

/** The profile of H264 that a profile-level-id stands for: constrained baseline has two spellings. */
function h264Profile(codec: Codec): string {
  const id = String(codec.parameters?.['profile-level-id'] ?? '42e01f').toLowerCase();
  const [, profile = '', constraints = '0'] = /^([0-9a-f]{2})([0-9a-f]{2})[0-9a-f]{2}$/.exec(id) ?? [];
  if (profile === '42') return (Number.parseInt(constraints, 16) & 0x40) === 0 ? 'baseline' : 'constrained';
  if (profile === '4d' && (Number.parseInt(constraints, 16) & 0x80) !== 0) return 'constrained';
  return profile;
}

/** Of what a client offers, what a room's router can, in the client's order. Retransmission is no codec of its own. */
export function commonCodecs(media: OfferedMedia, router: RtpCapabilities): Codec[] {
  const known = (router.codecs ?? []).filter((codec) => codec.kind === media.kind && !isRtx(codec));
  return media.codecs.filter((codec) => !isRtx(codec) && known.some((other) => sameCodec(codec, other)));
}

/** The payload type by which a client sends, or wants to get, retransmissions of a codec. */
export function retransmissionOf(media: OfferedMedia, codec: Codec): Codec | undefined {
  return media.codecs.find(
    (other) => isRtx(other) && Number(other.parameters?.apt) === codec.preferredPayloadType,
  );
}

/**
 * What a client will send, for `produce`: the first of its codecs that the room has, retransmission if it offers that,
 * the header extensions that the router knows, and its layers by rid or its streams by ssrc.
 * @throws sdp_unacceptable when no codec is common
 */
export function sendParameters(media: OfferedMedia, router: RtpCapabilities): RtpParametersInput {
  const [codec] = commonCodecs(media, router);
  if (!codec) throw unacceptable('no_common_codec', { kind: media.kind });
  const rtx = retransmissionOf(media, codec);
  const feedback = (router.codecs ?? []).find((other) => sameCodec(codec, other))?.rtcpFeedback ?? [];
  const extensions = media.headerExtensions.filter(({ uri }) =>
    (router.headerExtensions ?? []).some((known) => known.kind === media.kind && known.uri === uri),
  );
  return {
    mid: media.mid,
    codecs: [
      {
        ...wire(codec),
        rtcpFeedback: (codec.rtcpFeedback ?? []).filter(({ type, parameter }) =>
          feedback.some((known) => known.type === type && (known.parameter ?? '') === (parameter ?? '')),
        ),
      },
      ...(rtx ? [{ ...wire(rtx), rtcpFeedback: [] }] : []),
    ],
    headerExtensions: extensions.map(({ uri, id }) => ({ uri, id })),
    encodings: encodings(media, rtx !== undefined),
    rtcp: { reducedSize: true, ...(media.cname === undefined ? {} : { cname: media.cname }) },
    ...(media.msid === undefined ? {} : { msid: media.msid }),
  };
}

function encodings(media: OfferedMedia, rtx: boolean): NonNullable<RtpParametersInput['encodings']> {
  if (media.rids.length > 0) return media.rids.map((rid) => ({ rid }));
  // Browsers of today name streams by mid alone; then the worker learns the ssrc from the first packet.
  const [first] = media.ssrcs;
  if (!first) return [{}];
  return [{ ssrc: first.ssrc, ...(rtx && first.rtx !== undefined ? { rtx: { ssrc: first.rtx } } : {}) }];
}

function wire({ mimeType, preferredPayloadType, clockRate, channels, parameters }: Codec) {
  return {
    mimeType,
    payloadType: preferredPayloadType,
    clockRate,
    ...(channels === undefined ? {} : { channels }),
    parameters: parameters ?? {},
  };
}
