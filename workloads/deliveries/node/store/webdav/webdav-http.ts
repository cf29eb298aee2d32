import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Heard } from '../../../contract/redact.ts';
import { retryAfterMs } from '../../../contract/retry-after.ts';
import { checkHost, guardedLookup } from '../../net/guarded-lookup.ts';
import { noAnswer } from '../../net/in-time.ts';
import { windowOf } from '../../net/least-rate.ts';
import { kindOfStatus, networkFault, StoreFault } from '../store-fault.ts';

export interface DavRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
  readonly signal: AbortSignal;
}
export interface DavAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
}

/** What is read of an answer that only tells why not. */
const shownBytes = 4_096;
/** What is read of an answer whose body says nothing to us, and for how long at the most. */
const ignoredBytes = 1024 * 1024;
const ignoredMs = 60_000;

/** HTTP with an own connection pool, a name or a token, and a limit to silence. Redirects are not followed. */
export class DavHttp {
  readonly #authorization: string | undefined;
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: 4 }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: 4 }),
  };
  readonly #idleMs: number;

  constructor(authorization: string | undefined, idleMs: number) {
    this.#authorization = authorization;
    this.#idleMs = idleMs;
  }

  /** An answer with its body read and thrown away. @throws StoreFault for anything but 2xx and the statuses that are expected */
  async call(request: DavRequest, expected: readonly number[] = []): Promise<DavAnswer> {
    const answer = await this.open(request, expected);
    await ended(answer, request.signal);
    return { status: answer.statusCode ?? 0, headers: answer.headers };
  }

  /** An answer whose body is the caller's to read. */
  async open(request: DavRequest, expected: readonly number[] = []): Promise<IncomingMessage> {
    const { signal } = request;
    try {
      const answer = await this.#exchange(request);
      const status = answer.statusCode ?? 0;
      if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
      const said = (await start(answer)).after(`${request.method} answered ${status}: `);
      const { date, 'retry-after': asked } = answer.headers;
      throw new StoreFault(kindOfStatus(status), said, {
        retryAfterMs: retryAfterMs(asked, date, Date.now()),
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw networkFault(error) ?? error;
    } finally {
      request.body?.destroy();
    }
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #exchange({ method, url, headers, body, signal }: DavRequest): Promise<IncomingMessage> {
    checkHost(url);
    const secure = url.startsWith('https:');
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(url, {
        method,
        headers: {
          'user-agent': 'Backlot-Deliveries/1',
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
          ...(body === undefined ? { 'content-length': '0' } : {}),
          ...headers,
        },
        agent: this.#agents[secure ? 'https:' : 'http:'],
        lookup: guardedLookup,
        signal,
      });
      request.setTimeout(this.#idleMs, () =>
        request.destroy(new StoreFault('away', `nothing moved for ${Math.round(this.#idleMs / 1000)} s`)),
      );
      // Who sends a body watches how it is taken, and its answer.
      const limitMs = windowOf(this.#idleMs);
      const limit = body ? undefined : setTimeout(() => request.destroy(noAnswer(limitMs)), limitMs);
      request.once('error', (error) => {
        clearTimeout(limit);
        reject(error);
      });
      request.once('response', (answer) => {
        clearTimeout(limit);
        resolve(answer);
      });
      if (!body) return void request.end();
      body.once('error', (error) => request.destroy(error));
      body.pipe(request);
    });
  }
}

/**
 * Reads a body to its end and throws it away, so that the connection can be used again. One that is too long, or drips,
 * is left, and the connection with it: the status has said all.
 *
 * @throws StoreFault `away` when the connection breaks before the end of the answer
 */
async function ended(answer: IncomingMessage, signal: AbortSignal): Promise<void> {
  let enough = false;
  let read = 0;
  const leave = () => {
    enough = true;
    answer.destroy();
  };
  const abort = () => answer.destroy();
  signal.addEventListener('abort', abort, { once: true });
  const limit = setTimeout(leave, ignoredMs);
  answer.on('data', (piece: Buffer) => {
    read += piece.byteLength;
    if (read > ignoredBytes) leave();
  });
  try {
    await finished(answer, { writable: false });
  } catch (error) {
    if (!enough) throw bodyFault(error, signal);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', abort);
  }
}

/** What the reading of an answer has failed with. */
function bodyFault(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : (networkFault(error) ?? error);
}

/** The first words of an answer. */
async function start(answer: IncomingMessage): Promise<Heard> {
  const pieces: Buffer[] = [];
  let read = 0;
  const limit = setTimeout(() => answer.destroy(), ignoredMs);
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      pieces.push(piece);
      read += piece.byteLength;
      if (read >= shownBytes) break;
    }
  } catch {
    // The status has said enough.
  } finally {
    clearTimeout(limit);
  }
  const whole = answer.complete && read < shownBytes;
  answer.destroy();
  return new Heard(Buffer.concat(pieces).toString('utf8'), !whole);
}
