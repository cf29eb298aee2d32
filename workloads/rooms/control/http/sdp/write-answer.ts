import { type MediaAttributes, type MediaDescription, write } from 'sdp-transform';
import type {
  DtlsParameters,
  IceCandidate,
  IceParameters,
  RtpParametersInput,
} from '../../../contract/media/rtp.ts';
import type { Offer, OfferedMedia } from './read-offer.ts';

/** How one of the offered media is answered. */
export type AnsweredMedia =
  /** It will be received as these parameters say. */
  | { readonly kind: 'receive'; readonly rtpParameters: RtpParametersInput }
  /** It will be sent as these parameters say. */
  | {
      readonly kind: 'send';
      readonly rtpParameters: RtpParametersInput;
      readonly stream: string;
      readonly track: string;
    }
  /** Nothing flows, and may later. */
  | { readonly kind: 'inactive' };

export interface AnswerTransport {
  readonly iceParameters: IceParameters;
  readonly iceCandidates: readonly IceCandidate[];
  readonly dtlsParameters: DtlsParameters;
}

/** Writes the answer to an offer: every medium in its place, all on one transport (RFC 8829, 5.3). Pure. */
export function writeAnswer(
  offer: Offer,
  answers: readonly AnsweredMedia[],
  transport: AnswerTransport,
): string {
  const { iceParameters, dtlsParameters } = transport;
  const fingerprint = strongest(dtlsParameters);
  const media = offer.media.map((one, index) =>
    writeMedia(one, answers[index] ?? { kind: 'inactive' }, {
      ...transport,
      fingerprint,
      setup: offer.passive ? 'active' : 'passive',
      first: index === 0,
    }),
  );
  return write({
    version: 0,
    // One session, one version: a later answer to the same client is a session of its own.
    origin: { username: '-', sessionId: 1, sessionVersion: 1, netType: 'IN', ipVer: 4, address: '0.0.0.0' },
    name: '-',
    timing: { start: 0, stop: 0 },
    ...(iceParameters.iceLite === true ? { icelite: 'ice-lite' as const } : {}),
    groups: [{ type: 'BUNDLE', mids: offer.media.map(({ mid }) => mid).join(' ') }],
    ...(offer.mixedExtensions ? { extmapAllowMixed: 'extmap-allow-mixed' as const } : {}),
    msidSemantic: { semantic: 'WMS', token: '*' },
    media,
  });
}

interface MediaTransport extends AnswerTransport {
  readonly fingerprint: { readonly type: string; readonly hash: string };
  readonly setup: 'active' | 'passive';
  readonly first: boolean;
}

function writeMedia(
  offered: OfferedMedia,
  answer: AnsweredMedia,
  transport: MediaTransport,
): MediaDescription {
  const { iceParameters, iceCandidates, fingerprint, setup, first } = transport;
  return {
    type: offered.kind,
    port: 9,
    protocol: 'UDP/TLS/RTP/SAVPF',
    connection: { version: 4, ip: '0.0.0.0' },
    ...(answer.kind === 'inactive' ? idle(offered) : rtp(answer.rtpParameters)),
    mid: offered.mid,
    direction: answer.kind === 'receive' ? 'recvonly' : answer.kind === 'send' ? 'sendonly' : 'inactive',
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    fingerprint: { ...fingerprint },
    setup,
    rtcpMux: 'rtcp-mux',
    rtcpRsize: 'rtcp-rsize',
    // In a bundle the candidates of the first medium are everybody's.
    ...(first
      ? { candidates: iceCandidates.map(candidateLine), endOfCandidates: 'end-of-candidates' as const }
      : {}),
    ...(answer.kind === 'receive' ? simulcast(answer.rtpParameters) : {}),
    ...(answer.kind === 'send' ? streams(answer) : {}),
  };
}

function rtp(parameters: RtpParametersInput): MediaAttributes & { payloads: string } {
  return {
    payloads: parameters.codecs.map(({ payloadType }) => payloadType).join(' '),
    rtp: parameters.codecs.map(({ payloadType, mimeType, clockRate, channels }) => ({
      payload: payloadType,
      codec: mimeType.split('/')[1] ?? '',
      rate: clockRate,
      ...(channels !== undefined && channels > 1 ? { encoding: channels } : {}),
    })),
    fmtp: parameters.codecs.flatMap(({ payloadType, parameters: values = {} }) => {
      const config = Object.entries(values)
        // Hints of our router for Chrome's sender; no format parameters of the codec.
        .filter(([key]) => !key.startsWith('x-google-'))
        .map(([key, value]) => `${key}=${value}`)
        .join(';');
      return config === '' ? [] : [{ payload: payloadType, config }];
    }),
    rtcpFb: parameters.codecs.flatMap(({ payloadType, rtcpFeedback = [] }) =>
      rtcpFeedback.map(({ type, parameter }) => ({
        payload: payloadType,
        type,
        ...(parameter ? { subtype: parameter } : {}),
      })),
    ),
    ext: (parameters.headerExtensions ?? []).map(({ uri, id }) => ({ value: id, uri })),
  };
}

/** A medium that nothing is sent on still names a codec of the offer. */
function idle(offered: OfferedMedia): MediaAttributes & { payloads: string } {
  const codec = offered.codecs[0];
  return rtp({
    codecs: codec
      ? [
          {
            mimeType: codec.mimeType,
            payloadType: codec.preferredPayloadType,
            clockRate: codec.clockRate,
            ...(codec.channels === undefined ? {} : { channels: codec.channels }),
          },
        ]
      : [],
  });
}

/** Which layers will be received, in the offer's order. */
function simulcast({ encodings = [] }: RtpParametersInput): Partial<MediaAttributes> {
  const rids = encodings.flatMap(({ rid }) => rid ?? []);
  if (rids.length === 0) return {};
  return {
    rids: rids.map((id) => ({ id, direction: 'recv' })),
    simulcast: { dir1: 'recv', list1: rids.join(';') },
  };
}

function streams({
  rtpParameters,
  stream,
  track,
}: Extract<AnsweredMedia, { kind: 'send' }>): Partial<MediaAttributes> {
  const cname = rtpParameters.rtcp?.cname ?? stream;
  const [encoding] = rtpParameters.encodings ?? [];
  const all = [encoding?.ssrc, encoding?.rtx?.ssrc].filter((ssrc) => ssrc !== undefined);
  return {
    msid: [{ id: stream, appdata: track }],
    ssrcs: all.map((id) => ({ id, attribute: 'cname', value: cname })),
    ...(all.length === 2 ? { ssrcGroups: [{ semantics: 'FID', ssrcs: all.join(' ') }] } : {}),
  };
}

export function candidateLine(candidate: IceCandidate): NonNullable<MediaAttributes['candidates']>[number] {
  return {
    foundation: candidate.foundation,
    component: 1,
    transport: candidate.protocol,
    priority: candidate.priority,
    ip: candidate.address,
    port: candidate.port,
    type: candidate.type,
    ...(candidate.tcpType === undefined ? {} : { tcptype: candidate.tcpType }),
  };
}

/** One fingerprint is enough, and SHA-256 is the one that every client knows (RFC 8122, 5). */
function strongest({ fingerprints }: DtlsParameters): { type: string; hash: string } {
  const chosen = fingerprints.find(({ algorithm }) => algorithm === 'sha-256') ?? fingerprints[0];
  return { type: chosen?.algorithm ?? 'sha-256', hash: chosen?.value ?? '' };
}
