import { z } from 'zod';
import { sourceReason } from '../../contract/source-phrases.ts';
import { heightOf, type Quality, type Resolution, usefulHeaders } from './qualities.ts';

/** What `yt-dlp --dump-single-json` prints, as far as it is of use (its README, "OUTPUT TEMPLATE"). */
const Format = z.looseObject({
  format_id: z.string(),
  url: z.string().optional(),
  protocol: z.string().nullish(),
  ext: z.string().nullish(),
  height: z.number().nullish(),
  tbr: z.number().nullish(),
  vcodec: z.string().nullish(),
  acodec: z.string().nullish(),
  has_drm: z.unknown().optional(),
  http_headers: z.unknown().optional(),
});
const Printed = z.looseObject({
  title: z.string().nullish(),
  is_live: z.boolean().nullish(),
  live_status: z.string().nullish(),
  formats: z.array(Format).nullish(),
});

export function readYtDlp(stdout: string, stderr: string): Resolution {
  let printed: z.infer<typeof Printed> | null;
  try {
    printed = Printed.nullable().parse(JSON.parse(stdout || 'null'));
  } catch {
    printed = null;
  }
  if (!printed) return refusal(stderr);
  if (
    printed.is_live === false ||
    /^(not_live|was_live|post_live|is_upcoming)$/.test(printed.live_status ?? '')
  )
    return { state: 'offline', reason: sourceReason('not_live') };
  const qualities = (printed.formats ?? [])
    .filter(({ vcodec, has_drm }) => has_drm !== true && vcodec !== 'none')
    // Picture and sound must come together: two streams of one moment would have to be joined while they are live.
    .filter(({ acodec }) => acodec !== 'none')
    .map((format) => ({ format, quality: qualityOf(format) }))
    .sort(
      (a, b) =>
        (b.quality?.height ?? 0) - (a.quality?.height ?? 0) || (b.format.tbr ?? 0) - (a.format.tbr ?? 0),
    )
    .flatMap(({ quality }) => quality ?? []);
  if (qualities.length === 0) return { state: 'unusable', reason: sourceReason('page_form') };
  return { state: 'live', qualities, ...(printed.title ? { title: printed.title } : {}) };
}

function qualityOf(format: z.infer<typeof Format>): Quality | undefined {
  const { format_id: name, url, protocol, ext, height, http_headers } = format;
  if (!url) return undefined;
  const kind = kindOf(protocol ?? '', ext ?? '');
  if (!kind) return undefined;
  return { name, height: height ?? heightOf(name), kind, url, headers: usefulHeaders(http_headers) };
}

function kindOf(protocol: string, ext: string): Quality['kind'] | undefined {
  if (/^m3u8/.test(protocol)) return 'hls';
  if (/^rtmp/.test(protocol)) return 'rtmp';
  if (/^https?$/.test(protocol)) return ext === 'flv' ? 'http-flv' : 'ffmpeg';
  return undefined;
}

function refusal(stderr: string): Resolution {
  if (
    /not (currently )?live|is offline|will begin in|Premieres in|has ended|HTTP Error (404|410)/i.test(stderr)
  )
    return { state: 'offline', reason: sourceReason('not_live') };
  if (/private|sign in|log ?in|members[- ]only|HTTP Error (401|403)/i.test(stderr))
    return { state: 'denied', reason: sourceReason('signed_in') };
  if (/Unsupported URL/i.test(stderr))
    return {
      state: 'unusable',
      reason: sourceReason('page_unknown', { tool: 'yt-dlp' }),
    };
  return { state: 'unknown', reason: sourceReason('page_unread', { tool: 'yt-dlp' }) };
}
