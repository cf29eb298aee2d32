import { BacklotError, type PhraseParams } from '@backlot/contract';
import { type MediaDescription, parse, parseParams, type SessionDescription } from 'sdp-transform';
import { roomHttpErrors } from '../../../contract/http-errors.ts';
import { DtlsParameters, type MediaKind, type RtpCapabilities } from '../../../contract/media/rtp.ts';
import type { SdpFault } from '../../../contract/refusals.ts';

type Codec = NonNullable<RtpCapabilities['codecs']>[number];

/** What an offer says about one of its media, in mediasoup's terms. */
export interface OfferedMedia {
  /** Place in the offer; the answer has the same ones. */
  readonly index: number;
  readonly mid: string;
  readonly kind: MediaKind;
  /** What the client wants to do: send, receive, both. */
  readonly sends: boolean;
  readonly receives: boolean;
  /** In the client's order of preference, with its payload types. */
  readonly codecs: readonly Codec[];
  readonly headerExtensions: readonly { readonly uri: string; readonly id: number }[];
  /** Layers that it sends as separate streams, lowest first as it names them. Empty: one stream. */
  readonly rids: readonly string[];
  /** Streams that it announces by number; browsers that use mids and rids announce none. */
  readonly ssrcs: readonly { readonly ssrc: number; readonly rtx: number | undefined }[];
  readonly cname: string | undefined;
  readonly msid: string | undefined;
}

/** An offer that can be answered: everything bundled on one transport, encrypted, multiplexed. */
export interface Offer {
  readonly media: readonly OfferedMedia[];
  readonly ice: IceCredentials;
  readonly dtls: DtlsParameters;
  /** The client will only wait for the DTLS handshake, not begin it. */
  readonly passive: boolean;
  /** It understands a=extmap-allow-mixed. */
  readonly mixedExtensions: boolean;
}

export interface IceCredentials {
  readonly usernameFragment: string;
  readonly password: string;
}

/** Characters of an offer; browsers with every codec there is send about 10,000. */
export const maxSdpLength = 128 * 1024;
/** More media than any client of WHIP or WHEP has reason to offer. */
const mostMedia = 8;
const mostLayers = 4;

/**
 * Reads an offer. Pure; whatever it is given, it answers with an offer or a typed refusal.
 * @throws sdp_unreadable when it is no SDP, sdp_unacceptable when a part of it can't be served (RFC 9725, 4.4: never half)
 */
export function readOffer(text: string): Offer {
  const sdp = read(text);
  const sections = sdp.media;
  if (sections.length === 0) throw unacceptable('no_media');
  if (sections.length > mostMedia) throw unacceptable('too_many_media', { limit: mostMedia });
  const media = sections.map((section, index) => readMedia(section, index, sdp));
  requireBundle(sdp, media);
  const [first] = sections;
  if (!first) throw unacceptable('no_media');
  return {
    media,
    ice: readIce(sdp, first),
    ...readDtls(sdp, first),
    mixedExtensions: String(text).includes('a=extmap-allow-mixed'),
  };
}

function read(text: string): SessionDescription {
  if (text.length > maxSdpLength) throw unreadable('too_long');
  if (!/^v=0\r?\n/.test(text)) throw unreadable('no_version');
  try {
    const sdp = parse(text);
    if (!Array.isArray(sdp.media)) throw unreadable('no_media');
    return sdp;
  } catch (error) {
    if (error instanceof BacklotError) throw error;
    throw unreadable('no_grammar');
  }
}

function readMedia(section: MediaDescription, index: number, sdp: SessionDescription): OfferedMedia {
  const kind = section.type;
  if (kind !== 'audio' && kind !== 'video') {
    throw unacceptable('kind_unknown', { kind: String(kind).slice(0, 20) });
  }
  if (!/^UDP\/TLS\/RTP\/SAVPF?$/.test(String(section.protocol))) {
    throw unacceptable('not_encrypted');
  }
  if (section.port === 0 && section.bundleOnly === undefined) throw unacceptable('medium_closed');
  if (section.rtcpMux === undefined) throw unacceptable('no_rtcp_mux');
  const mid = section.mid === undefined ? '' : String(section.mid);
  if (!/^[\w!#$%&'*+.^`{|}~-]{1,32}$/.test(mid)) throw unacceptable('no_mid');
  const direction = section.direction ?? sdp.direction ?? 'sendrecv';
  const codecs = readCodecs(section, kind);
  if (codecs.length === 0) throw unacceptable('no_codec', { kind });
  return {
    index,
    mid,
    kind,
    sends: direction === 'sendrecv' || direction === 'sendonly',
    receives: direction === 'sendrecv' || direction === 'recvonly',
    codecs,
    headerExtensions: (section.ext ?? [])
      .map(({ value, uri }) => ({ id: Number(value), uri: String(uri) }))
      .filter(({ id }) => Number.isInteger(id) && id >= 1 && id <= 255)
      .slice(0, 32),
    rids: readRids(section),
    ...readStreams(section),
    msid: readMsid(section),
  };
}

/** Codecs by the order of the payload types in the m= line. */
function readCodecs(section: MediaDescription, kind: MediaKind): Codec[] {
  const order = String(section.payloads ?? '')
    .split(' ')
    .map(Number)
    .filter((type) => Number.isInteger(type) && type >= 0 && type <= 127)
    .slice(0, 64);
  return order.flatMap((payloadType) => {
    const rtp = section.rtp?.find(({ payload }) => payload === payloadType);
    if (!rtp || typeof rtp.rate !== 'number' || rtp.rate <= 0) return [];
    if (!/^[A-Za-z0-9-]{1,40}$/.test(String(rtp.codec))) return [];
    const channels = Number(rtp.encoding ?? 1);
    return [
      {
        kind,
        mimeType: `${kind}/${rtp.codec}`,
        preferredPayloadType: payloadType,
        clockRate: rtp.rate,
        ...(kind === 'audio' && Number.isInteger(channels) && channels >= 1 && channels <= 8
          ? { channels }
          : {}),
        parameters: readFormat(section, payloadType),
        rtcpFeedback: readFeedback(section, payloadType),
      },
    ];
  });
}

function readFormat(section: MediaDescription, payloadType: number): NonNullable<Codec['parameters']> {
  const config = section.fmtp?.find(({ payload }) => payload === payloadType)?.config;
  const parameters: Record<string, string | number> = {};
  if (config === undefined) return parameters;
  for (const [key, value] of Object.entries(parseParams(String(config)))) {
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    // 420010 is a profile, not a number (mediasoup compares its hex digits).
    parameters[key.slice(0, 64)] = key === 'profile-level-id' ? String(value) : value;
  }
  return parameters;
}

function readFeedback(section: MediaDescription, payloadType: number): NonNullable<Codec['rtcpFeedback']> {
  return (section.rtcpFb ?? [])
    .filter(({ payload }) => payload === payloadType || payload === '*')
    .map(({ type, subtype }) => ({ type: String(type), ...(subtype ? { parameter: String(subtype) } : {}) }))
    .slice(0, 20);
}

/** The layers that it sends, in the order of a=simulcast (lowest first), without those that begin paused. */
function readRids(section: MediaDescription): string[] {
  const { simulcast } = section;
  const list =
    simulcast?.dir1 === 'send' ? simulcast.list1 : simulcast?.dir2 === 'send' ? simulcast.list2 : undefined;
  const declared = new Set(
    (section.rids ?? []).filter(({ direction }) => direction === 'send').map(({ id }) => String(id)),
  );
  if (list === undefined) return [];
  const rids = String(list)
    .split(';')
    .map((alternatives) => (alternatives.split(',')[0] ?? '').replace(/^~/, ''))
    .filter((rid) => /^[A-Za-z0-9_-]{1,16}$/.test(rid) && declared.has(rid));
  if (rids.length > mostLayers) throw unacceptable('too_many_layers', { limit: mostLayers });
  return [...new Set(rids)];
}

function readStreams(section: MediaDescription): Pick<OfferedMedia, 'ssrcs' | 'cname'> {
  const lines = (section.ssrcs ?? []).filter(({ id }) => Number.isInteger(id) && id > 0 && id <= 0xffffffff);
  const pairs = (section.ssrcGroups ?? [])
    .filter(({ semantics }) => semantics === 'FID')
    .map(({ ssrcs }) => String(ssrcs).split(' ').map(Number));
  const rtxOf = new Map(pairs.flatMap(([main, rtx]) => (main && rtx ? [[main, rtx] as const] : [])));
  const repairs = new Set(rtxOf.values());
  const all = [...new Set(lines.map(({ id }) => Number(id)))];
  const cname = lines.find(({ attribute }) => attribute === 'cname')?.value;
  return {
    ssrcs: all
      .filter((ssrc) => !repairs.has(ssrc))
      .slice(0, 8)
      .map((ssrc) => ({ ssrc, rtx: rtxOf.get(ssrc) })),
    cname: cname === undefined ? undefined : String(cname).slice(0, 255),
  };
}

function readMsid(section: MediaDescription): string | undefined {
  const [first] = section.msid ?? [];
  if (!first) return undefined;
  return `${first.id} ${first.appdata ?? '-'}`.slice(0, 255);
}

function requireBundle(sdp: SessionDescription, media: readonly OfferedMedia[]): void {
  const mids = new Set(media.map(({ mid }) => mid));
  if (mids.size !== media.length) throw unacceptable('same_mid');
  const bundles = (sdp.groups ?? []).filter(({ type }) => type === 'BUNDLE');
  const bundled = new Set(bundles.flatMap((group) => String(group.mids).split(' ')));
  if (bundles.length > 1) throw unacceptable('not_bundled');
  if (media.length > 1 && [...mids].some((mid) => !bundled.has(mid))) {
    throw unacceptable('not_bundled');
  }
}

function readIce(sdp: SessionDescription, first: MediaDescription): IceCredentials {
  const usernameFragment = String(first.iceUfrag ?? sdp.iceUfrag ?? '');
  const password = String(first.icePwd ?? sdp.icePwd ?? '');
  // RFC 8839, 5.4.
  if (!/^[A-Za-z0-9+/]{4,256}$/.test(usernameFragment)) throw unacceptable('ice_ufrag');
  if (!/^[A-Za-z0-9+/]{22,256}$/.test(password)) throw unacceptable('ice_pwd');
  return { usernameFragment, password };
}

function readDtls(sdp: SessionDescription, first: MediaDescription): Pick<Offer, 'dtls' | 'passive'> {
  const fingerprint = first.fingerprint ?? sdp.fingerprint;
  const setup = first.setup ?? sdp.setup ?? 'actpass';
  if (!['actpass', 'active', 'passive'].includes(setup)) throw unacceptable('setup');
  const passive = setup === 'passive';
  const parsed = DtlsParameters.safeParse({
    role: passive ? 'server' : 'client',
    fingerprints: [
      { algorithm: String(fingerprint?.type).toLowerCase(), value: String(fingerprint?.hash).toUpperCase() },
    ],
  });
  if (!parsed.success) throw unacceptable('fingerprint');
  return { dtls: parsed.data, passive };
}

export function unacceptable(reason: SdpFault, params: PhraseParams = {}): BacklotError {
  return new BacklotError(roomHttpErrors.sdp_unacceptable, { params: { ...params, reason } });
}

export function unreadable(reason: SdpFault): BacklotError {
  return new BacklotError(roomHttpErrors.sdp_unreadable, { params: { reason } });
}
