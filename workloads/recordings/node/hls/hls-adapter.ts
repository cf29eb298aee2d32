import { shownAddress } from '../http/request.ts';
import { type SourceAdapter, SourceRefused } from '../source-port.ts';
import { HlsPuller } from './hls-puller.ts';
import { readToken } from './known-pieces.ts';

/**
 * HLS (RFC 8216), live: TS and fragmented MP4, also encrypted with AES-128. Where picture and sound come in playlists of their
 * own, ffmpeg puts them together; then a drop is no pause that can be made up for, as it is where pieces have numbers.
 */
export const hlsAdapter: SourceAdapter = {
  kinds: ['hls'],
  // ffmpeg looks at both streams before it lets anything out.
  openMs: 20_000,
  async open(spec, context) {
    if (spec.url === undefined) throw new SourceRefused('unusable', 'no_address');
    const puller = new HlsPuller({
      url: spec.url,
      headers: spec.headers,
      qualities: context.qualities,
      clock: context.clock,
      resume: context.resume === undefined ? undefined : readToken(context.resume),
    });
    try {
      const opened = await puller.open(context.signal);
      if ('program' in opened) {
        puller.close();
        const connection = await context.delegate({ kind: 'ffmpeg', headers: spec.headers, ...opened });
        if (puller.quality !== undefined) context.onMeta({ quality: puller.quality });
        return connection;
      }
      const { container, targetMs, resumed, url } = opened;
      return {
        container,
        facts: {
          address: shownAddress(url),
          ...(puller.quality === undefined ? {} : { quality: puller.quality }),
        },
        // Nothing comes between two pieces, and the list may be late once.
        silenceMs: Math.max(10_000, 4 * targetMs),
        resumed,
        start: (sink) => void puller.run(sink),
        close: () => puller.close(),
      };
    } catch (error) {
      puller.close();
      throw error;
    }
  },
};
