import type { Reason } from '@backlot/contract';
/** One way in which a resolved stream can be had. */
export interface Quality {
  /** As the resolver or the platform names it: `720p60`, `source`, `audio_only`. */
  readonly name: string;
  /** Lines of the picture; 0 for sound alone, undefined where nobody says. */
  readonly height: number | undefined;
  /** The adapter that reads it. */
  readonly kind: 'hls' | 'http-flv' | 'rtmp' | 'ffmpeg';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a look at a page has found. */
export type Resolution =
  | { readonly state: 'live'; readonly title?: string; readonly qualities: readonly Quality[] }
  | { readonly state: 'offline' | 'denied' | 'unusable' | 'unknown'; readonly reason: Reason };

/**
 * The qualities that answer a wish, the best answer first; several are the same picture from other servers.
 * @param available best first
 * @param wanted best first: a name, a height (`720p`), `best`, `worst`, `audio`; nothing fits: the best there is
 */
export function chooseQualities(
  available: readonly Quality[],
  wanted: readonly string[],
): readonly Quality[] {
  for (const wish of wanted) {
    const found = answersTo(available, wish.trim().toLowerCase());
    if (found.length > 0) return found;
  }
  return answersTo(available, 'best');
}

function answersTo(available: readonly Quality[], wish: string): readonly Quality[] {
  const [best] = available;
  const worst = available.findLast(({ height }) => height !== 0);
  if (wish === 'best' || wish === 'source' || wish === 'origin')
    return best
      ? available.filter(({ height, name }) => sameFamily(name, best.name) && height === best.height)
      : [];
  if (wish === 'worst') return worst ? [worst] : [];
  if (wish === 'audio') return available.filter(({ height, name }) => height === 0 || /audio/i.test(name));
  const named = available.filter(({ name }) => sameFamily(name.toLowerCase(), wish));
  if (named.length > 0) return named;
  const lines = /^(\d{3,4})p?$/.exec(wish)?.[1];
  return lines ? available.filter(({ height }) => height === Number(lines)) : [];
}

/** `720p` and `720p_alt2` are the same picture from other servers. */
function sameFamily(a: string, b: string): boolean {
  const family = (name: string) => name.replace(/[_-]alt\d*$/i, '');
  return family(a) === family(b);
}

/** Lines from a name like `720p60`; 0 for sound alone. */
export function heightOf(name: string): number | undefined {
  if (/audio/i.test(name)) return 0;
  const lines = /(\d{3,4})p/.exec(name)?.[1];
  return lines === undefined ? undefined : Number(lines);
}

/** Headers that belong to the tool's own connection, not to ours. */
const notOurs = new Set(['accept-encoding', 'connection', 'host', 'content-length', 'transfer-encoding']);

export function usefulHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' &&
        !notOurs.has(entry[0].toLowerCase()) &&
        /^[A-Za-z0-9-]{1,64}$/.test(entry[0]) &&
        !/\p{Cc}/u.test(entry[1]),
    ),
  );
}
