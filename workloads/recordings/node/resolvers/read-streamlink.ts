import { z } from 'zod';
import { sourceReason } from '../../contract/source-phrases.ts';
import { heightOf, type Quality, type Resolution, usefulHeaders } from './qualities.ts';

/** What `streamlink --json` prints (its `stream_to_json` and `streamlink_cli/main.py`); more in it is of no use here. */
const Stream = z.looseObject({
  type: z.string(),
  url: z.string().optional(),
  headers: z.unknown().optional(),
});
const Printed = z.union([
  z.object({ error: z.string() }),
  z.looseObject({
    metadata: z.looseObject({ title: z.string().nullish() }).nullish(),
    streams: z.record(z.string(), Stream),
  }),
]);

/** Names that only repeat another stream. */
const aliases = /^(best|worst)(-unfiltered)?$/;

export function readStreamlink(stdout: string): Resolution {
  let printed: z.infer<typeof Printed>;
  try {
    printed = Printed.parse(JSON.parse(stdout));
  } catch {
    return { state: 'unknown', reason: sourceReason('page_unread', { tool: 'streamlink' }) };
  }
  if ('error' in printed) return refusal(String(printed.error));
  const streams = Object.entries(printed.streams);
  const bestUrl = printed.streams.best?.url;
  const qualities = streams
    .filter(([name]) => !aliases.test(name))
    .flatMap(([name, { type, url, headers }]): Quality[] => {
      const kind = kindOf(type, url);
      return kind && url
        ? [{ name, height: heightOf(name), kind, url, headers: usefulHeaders(headers) }]
        : [];
    })
    .sort((a, b) => rank(b, bestUrl) - rank(a, bestUrl));
  if (streams.length === 0) return { state: 'offline', reason: sourceReason('not_live') };
  if (qualities.length === 0) return { state: 'unusable', reason: sourceReason('page_form') };
  const title = printed.metadata?.title;
  return { state: 'live', qualities, ...(title ? { title } : {}) };
}

/** What streamlink itself calls best goes first, whatever its name; sound alone last. */
function rank({ url, height }: Quality, bestUrl: string | undefined): number {
  if (url === bestUrl) return 1e6;
  return height ?? 1;
}

function kindOf(type: string, url: string | undefined): Quality['kind'] | undefined {
  if (type === 'hls') return 'hls';
  if (type === 'dash') return 'ffmpeg';
  if (type === 'http') return url && /\.flv(\?|$)/i.test(url) ? 'http-flv' : 'ffmpeg';
  return undefined;
}

function refusal(error: string): Resolution {
  if (/No playable streams|\b(404|410) Client Error/.test(error))
    return { state: 'offline', reason: sourceReason('not_live') };
  if (/No plugin can handle/.test(error))
    return { state: 'unusable', reason: sourceReason('page_unknown', { tool: 'streamlink' }) };
  if (/\b(401|403) Client Error|log ?in|subscri/i.test(error))
    return { state: 'denied', reason: sourceReason('signed_in') };
  return { state: 'unknown', reason: sourceReason('page_unread', { tool: 'streamlink' }) };
}
