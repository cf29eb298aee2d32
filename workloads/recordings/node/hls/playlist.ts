/**
 * What we need of an HLS playlist (RFC 8216): a live media playlist, or the choice of variants. Written here because a
 * puller needs a fifth of what the parsers on npm do, and must never throw at what a server sends; unknown tags are
 * passed over, as the RFC asks.
 */
export interface HlsKey {
  readonly method: string;
  readonly uri: string;
  /** 16 bytes in hex, where it is given; else the media sequence number is the vector. */
  readonly iv: string | undefined;
}

export interface HlsSegment {
  readonly sequence: number;
  readonly uri: string;
  readonly durationMs: number;
  /** The clock begins anew here. */
  readonly discontinuity: boolean;
  readonly key: HlsKey | undefined;
  readonly map: { readonly uri: string; readonly range: ByteRange | undefined } | undefined;
  readonly range: ByteRange | undefined;
  /** The server itself says that it has lost this piece. */
  readonly gap: boolean;
  /** When it was made, as the server says. Milliseconds since 1970. */
  readonly madeAt: number | undefined;
}

export interface ByteRange {
  readonly length: number;
  readonly offset: number;
}

export interface MediaPlaylist {
  readonly kind: 'media';
  readonly targetMs: number;
  readonly segments: readonly HlsSegment[];
  /** Nothing will be added. */
  readonly ended: boolean;
}

export interface Variant {
  readonly uri: string;
  readonly bandwidth: number;
  readonly height: number;
  readonly name: string;
  /** Sound comes in a playlist of its own. */
  readonly audioGroup: boolean;
  /** Among the variants of the playlist, from 0. */
  readonly place: number;
}

export interface MasterPlaylist {
  readonly kind: 'master';
  readonly variants: readonly Variant[];
}

/** Pieces of one playlist that are looked at. */
const MOST_SEGMENTS = 10_000;
/** Longer is no piece of anything live; a length counts as this at most, because time limits are made of it. Milliseconds. */
const LONGEST_PIECE = 120_000;

/** @returns undefined where the text is no playlist. Never throws. */
export function readPlaylist(text: string): MediaPlaylist | MasterPlaylist | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (!lines[0]?.replace(/^\uFEFF/, '').startsWith('#EXTM3U')) return undefined;
  return lines.some((line) => line.startsWith('#EXT-X-STREAM-INF')) ? readMaster(lines) : readMedia(lines);
}

function readMaster(lines: readonly string[]): MasterPlaylist {
  const separate = new Set<string>();
  for (const line of lines) {
    if (!line.startsWith('#EXT-X-MEDIA:')) continue;
    const { TYPE, 'GROUP-ID': group, URI } = attributes(line);
    if (TYPE === 'AUDIO' && group !== undefined && URI !== undefined) separate.add(group);
  }
  const variants: Variant[] = [];
  let pending: Record<string, string> | undefined;
  for (const line of lines) {
    if (line.startsWith('#EXT-X-STREAM-INF:')) pending = attributes(line);
    else if (pending && line !== '' && !line.startsWith('#')) {
      const height = Number(pending.RESOLUTION?.split('x')[1] ?? 0);
      variants.push({
        uri: line,
        bandwidth: Number(pending.BANDWIDTH) || 0,
        height: Number.isFinite(height) ? height : 0,
        name: pending.NAME ?? pending.VIDEO ?? '',
        audioGroup: pending.AUDIO !== undefined && separate.has(pending.AUDIO),
        place: variants.length,
      });
      pending = undefined;
    }
  }
  return { kind: 'master', variants };
}

function readMedia(lines: readonly string[]): MediaPlaylist {
  const segments: HlsSegment[] = [];
  let sequence = 0;
  let targetMs = 0;
  let ended = false;
  let durationMs = 0;
  let discontinuity = false;
  let gap = false;
  let key: HlsKey | undefined;
  let map: HlsSegment['map'];
  let range: ByteRange | undefined;
  let rangeEnd = 0;
  let madeAt: number | undefined;
  for (const line of lines) {
    if (line === '') continue;
    if (!line.startsWith('#')) {
      if (segments.length >= MOST_SEGMENTS) break;
      segments.push({ sequence, uri: line, durationMs, discontinuity, key, map, range, gap, madeAt });
      sequence += 1;
      // It stands at some pieces only; the others follow each other.
      if (madeAt !== undefined) madeAt += durationMs;
      discontinuity = false;
      gap = false;
      range = undefined;
    } else if (line.startsWith('#EXTINF:')) durationMs = lengthOf(line.slice(8));
    else if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) sequence = numberOf(line.slice(22));
    else if (line.startsWith('#EXT-X-TARGETDURATION:')) targetMs = lengthOf(line.slice(22));
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      const at = Date.parse(line.slice(25).trim());
      madeAt = Number.isNaN(at) ? undefined : at;
    } else if (line === '#EXT-X-DISCONTINUITY') discontinuity = true;
    else if (line === '#EXT-X-GAP') gap = true;
    else if (line === '#EXT-X-ENDLIST') ended = true;
    else if (line.startsWith('#EXT-X-KEY:')) key = readKey(attributes(line));
    else if (line.startsWith('#EXT-X-MAP:')) {
      const { URI, BYTERANGE } = attributes(line);
      map =
        URI === undefined ? undefined : { uri: URI, range: BYTERANGE ? readRange(BYTERANGE, 0) : undefined };
    } else if (line.startsWith('#EXT-X-BYTERANGE:')) {
      range = readRange(line.slice(17), rangeEnd);
      if (range) rangeEnd = range.offset + range.length;
    }
  }
  return { kind: 'media', targetMs: targetMs > 0 ? targetMs : 6_000, segments, ended };
}

/** The number of a first piece; 0 for one from which nobody could go on counting. */
function numberOf(text: string): number {
  const number = Number.parseInt(text, 10) || 0;
  return number >= 0 && number < Number.MAX_SAFE_INTEGER / 2 ? number : 0;
}

/** Seconds as they are written, in milliseconds. */
function lengthOf(text: string): number {
  return Math.min(LONGEST_PIECE, Math.max(0, Number.parseFloat(text) * 1_000 || 0));
}

function readKey({ METHOD, URI, IV }: Record<string, string>): HlsKey | undefined {
  if (METHOD === undefined || METHOD === 'NONE') return undefined;
  const iv = IV === undefined ? undefined : IV.replace(/^0x/i, '').padStart(32, '0');
  return { method: METHOD, uri: URI ?? '', iv };
}

function readRange(text: string, next: number): ByteRange | undefined {
  const [length, offset] = text.split('@').map((part) => Number.parseInt(part, 10));
  if (length === undefined || !Number.isFinite(length)) return undefined;
  return { length, offset: offset !== undefined && Number.isFinite(offset) ? offset : next };
}

/** `NAME=value` and `NAME="value"`, separated by commas (4.2). */
function attributes(line: string): Record<string, string> {
  const found: Record<string, string> = {};
  const list = line.slice(line.indexOf(':') + 1);
  for (const [, name, quoted, plain] of list.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g))
    if (name !== undefined) found[name] = quoted ?? plain ?? '';
  return found;
}

/** The variant for the wanted qualities, best first (a name, or a height such as `720p`); else the best there is. */
export function chooseVariant(
  variants: readonly Variant[],
  qualities: readonly string[],
): Variant | undefined {
  const best = [...variants].sort((a, b) => b.bandwidth - a.bandwidth || b.height - a.height);
  for (const quality of qualities) {
    const height = Number.parseInt(quality, 10);
    const found = best.find(
      (variant) => variant.name === quality || (height > 0 && variant.height === height),
    );
    if (found) return found;
    if (quality === 'worst') return best.at(-1);
    if (quality === 'best') return best[0];
  }
  return best[0];
}
