import { sourceReason } from '../../contract/source-phrases.ts';
import { liveGet } from '../http/live-get.ts';
import { shownAddress } from '../http/request.ts';
import { type SourceAdapter, SourceRefused, wordsOf } from '../source-port.ts';

/** Until the head of the answer is there, in milliseconds. */
const HEAD_MS = 8_000;

/** FLV over HTTP(S): one endless answer. */
export const httpFlvAdapter: SourceAdapter = {
  kinds: ['http-flv'],
  async open(spec, context) {
    if (spec.url === undefined) throw new SourceRefused('unusable', 'no_address');
    const { signal } = context;
    const { answer, url } = await liveGet(spec.url, { headers: spec.headers, signal, timeoutMs: HEAD_MS });
    const type = answer.header('content-type') ?? '';
    if (/^(text\/html|application\/(json|vnd\.apple\.mpegurl|x-mpegurl))/i.test(type)) {
      answer.drop();
      throw new SourceRefused('unusable', 'mime', { type: type.slice(0, 60) });
    }
    return {
      container: 'flv',
      facts: { address: shownAddress(url) },
      start(sink) {
        answer.start({
          bytes: (bytes) => sink.data(bytes),
          end: (error) =>
            sink.end(
              error
                ? { why: 'failed', reason: wordsOf(error) }
                : { why: 'closed', reason: sourceReason('closed') },
            ),
        });
      },
      close: () => answer.drop(),
    };
  },
};
