import { systemClock } from '@backlot/contract/clock';
import { UnreachableError } from '@backlot/sdk/errors';
import { type Chat, ChatParser } from './parse-chat.ts';

/** Without a byte for so long, the node that holds it is given up. Milliseconds. */
const silenceMs = 30_000;
/** Parsing lets the page draw after so long. Milliseconds. */
const stretchMs = 12;
/** Parsed at once: a browser may hand over megabytes. */
const pieceBytes = 32 * 1024;

/**
 * Reads the chat that an answer brings, and no more of it than a page takes.
 * @throws UnreachableError when it breaks off or nothing more comes.
 */
export async function readChat(response: Response): Promise<Chat> {
  const parser = new ChatParser();
  const reader = response.body?.getReader();
  if (!reader) return parser.end();
  let drawn = performance.now();
  try {
    for (;;) {
      const { done, value } = await inTime(response.url, reader.read());
      if (done) return parser.end();
      for (let at = 0; at < value.byteLength; at += pieceBytes) {
        if (!parser.push(value.subarray(at, at + pieceBytes))) return parser.end();
        if (performance.now() - drawn < stretchMs) continue;
        await systemClock.sleep(0);
        drawn = performance.now();
      }
    }
  } finally {
    // Where it was cut, the rest need not come; where it has ended or broken, this does nothing.
    void reader.cancel().catch(() => {});
  }
}

function inTime<T>(url: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = systemClock.after(silenceMs, () => reject(new UnreachableError(url, 'timeout', undefined)));
    work.then(resolve, (error: unknown) => reject(new UnreachableError(url, 'network', error))).finally(stop);
  });
}
