import { z } from 'zod';

/** An address of a live source. What may stand in it is checked by kind; it is data and never part of a command line's options. */
const SourceUrl = z.string().trim().min(1).max(4_000);
const Headers = z.record(
  z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9-]+$/, 'A header’s name is letters, digits and hyphens.'),
  z
    .string()
    .max(4_000)
    .regex(/^[^\r\n\0]*$/, 'A header’s value is one line.'),
);

/** Which protocols a kind's address may have. */
export const sourceSchemes = {
  'http-flv': ['http', 'https'],
  hls: ['http', 'https'],
  rtmp: ['rtmp', 'rtmps'],
  rtsp: ['rtsp', 'rtsps'],
  srt: ['srt'],
} as const;
export type PullKind = keyof typeof sourceSchemes;

function pull<K extends PullKind>(kind: K) {
  return z.object({
    kind: z.literal(kind),
    url: SourceUrl.refine((url) => hasScheme(url, sourceSchemes[kind]), {
      message: `The address must begin with ${sourceSchemes[kind].map((scheme) => `${scheme}://`).join(' or ')}.`,
    }),
    headers: Headers.optional(),
  });
}

/** Which resolvers find the address of a page's live stream. Found on the node, never fetched by us. */
export const resolvers = ['streamlink', 'yt-dlp'] as const;

/**
 * Where a channel comes from.
 *
 * http-flv, hls        pulled in our own process
 * rtmp, rtsp, srt      pulled by ffmpeg
 * push                 comes to our RTMP listener under the channel's key
 * resolver             a page; a program of the node finds the stream behind it, anew for each connection
 * bililive             a room of a BililiveRecorder, which records; we take its files
 */
export const SourceSpec = z.discriminatedUnion('kind', [
  pull('http-flv'),
  pull('hls'),
  pull('rtmp'),
  pull('rtsp'),
  pull('srt'),
  z.object({ kind: z.literal('push'), key: z.string().min(16).max(200) }),
  z.object({
    kind: z.literal('resolver'),
    resolver: z.enum(resolvers),
    url: SourceUrl.refine((url) => hasScheme(url, ['http', 'https']), {
      message: 'The address must begin with https:// or http://.',
    }),
  }),
  z.object({ kind: z.literal('bililive'), roomId: z.number().int().positive() }),
]);
export type SourceSpec = z.infer<typeof SourceSpec>;
export type SourceKind = SourceSpec['kind'];

function hasScheme(url: string, schemes: readonly string[]): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hostname !== '';
}

/**
 * The kind that an address speaks for, where nobody said: `.m3u8` is HLS, other addresses of the web are HTTP-FLV when they
 * end in `.flv` and else a page for a resolver. Undefined: nothing that can be recorded.
 */
export function kindOfAddress(url: string): PullKind | 'resolver' | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, pathname } = new URL(url);
  const scheme = protocol.slice(0, -1);
  if (scheme === 'http' || scheme === 'https') {
    if (/\.m3u8?$/i.test(pathname)) return 'hls';
    if (/\.flv$/i.test(pathname)) return 'http-flv';
    return 'resolver';
  }
  for (const kind of ['rtmp', 'rtsp', 'srt'] as const) {
    if ((sourceSchemes[kind] as readonly string[]).includes(scheme)) return kind;
  }
  return undefined;
}

/** An address as it may be shown and logged: without user, password and query, which often are secrets. */
export function shownAddress(spec: SourceSpec): string {
  if (spec.kind === 'push') return 'rtmp push';
  if (spec.kind === 'bililive') return `bililive:${spec.roomId}`;
  if (!URL.canParse(spec.url)) return '';
  const url = new URL(spec.url);
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href;
}
