import net from 'node:net';
import tls from 'node:tls';
import { systemClock } from '@backlot/contract/clock';
import { SourceFault, SourceRefused } from '../source-port.ts';
import { awakeLimit } from '../time/awake-limit.ts';
import { type AnswerHead, readAnswerHead } from './answer-head.ts';
import { type BodyFraming, framingOf } from './body-framing.ts';
import { type Asked, followRedirects, type HttpOptions, USER_AGENT } from './request.ts';

/** Who takes the body. Neither ever throws. */
export interface BodyTaker {
  /** Good until it returns: the next read of any connection writes over them. */
  bytes(bytes: Buffer): void;
  /** Once, last; with an error where something is missing. */
  end(error: Error | undefined): void;
}

/**
 * All connections read into the same 64 KiB, which are handed on at once. Node's own HTTP client takes new memory for every
 * read, outside of V8's heap; with fifty streams that made V8 look through its whole heap twice a second, and was a third of
 * a recorder's CPU time.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A GET whose answer has no end, for live streams. Redirects are followed; HTTP/1.1, no compression, no connection kept.
 * @throws as `httpGet`
 */
export async function liveGet(
  address: string,
  options: HttpOptions,
): Promise<{ answer: LiveAnswer; url: string }> {
  return await followRedirects(address, options.headers, (url, headers) =>
    LiveAnswer.ask(url, headers, options),
  );
}

/** The head of an answer is there; its body is read from `start` on. */
export class LiveAnswer implements Asked {
  readonly #socket: net.Socket;
  #early: Buffer = Buffer.alloc(0);
  #head: AnswerHead | undefined;
  #framing: BodyFraming | undefined;
  #onHead: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #taker: BodyTaker | undefined;
  /** How it ended; nothing is read any more. */
  #end: { readonly error: Error | undefined } | undefined;

  /** Resolves with the head; within `options.timeoutMs`, else it is let go. */
  static async ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    { signal, timeoutMs }: HttpOptions,
  ): Promise<LiveAnswer> {
    signal.throwIfAborted();
    const answer = new LiveAnswer(url, headers);
    const refuse = (error: Error) => answer.#finish(error);
    const callOff = awakeLimit(systemClock, timeoutMs, () => refuse(new SourceFault('timeout')));
    const onAbort = () =>
      refuse(signal.reason instanceof Error ? signal.reason : new Error('Nobody waits for it any more.'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        answer.#onHead = { resolve, reject };
      });
      return answer;
    } finally {
      callOff();
      signal.removeEventListener('abort', onAbort);
    }
  }

  private constructor(url: URL, headers: Readonly<Record<string, string>>) {
    const request = requestText(url, headers);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const secure = url.protocol === 'https:';
    const options = {
      host,
      port: Number(url.port || (secure ? 443 : 80)),
      onread: {
        buffer: readBuffer,
        callback: (length: number) => {
          this.#read(readBuffer.subarray(0, length));
          // The head is there, and nobody takes the body yet.
          return this.#head === undefined || this.#taker !== undefined;
        },
      },
    };
    this.#socket = secure
      ? tls.connect({ ...options, ...(net.isIP(host) ? {} : { servername: host }) })
      : net.connect(options);
    // Stays: a socket may fail once more while it is being destroyed, and nobody listening would end the process.
    this.#socket.on('error', (error) => this.#finish(error));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('close', () => this.#ended());
    this.#socket.write(request);
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  header(name: string): string | undefined {
    return this.#head?.headers.get(name);
  }

  /** The body begins to flow: called once. Bytes may be told of before this returns. */
  start(taker: BodyTaker): void {
    if (this.#end) {
      taker.end(this.#end.error);
      return;
    }
    this.#taker = taker;
    const early = this.#early;
    this.#early = Buffer.alloc(0);
    if (early.length > 0) this.#body(early);
    if (this.#end) return;
    if (this.#socket.readableEnded) this.#ended();
    else this.#socket.resume();
  }

  drop(): void {
    this.#end ??= { error: undefined };
    this.#taker = undefined;
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#end) return;
    if (this.#taker) {
      this.#body(bytes);
      return;
    }
    // Ours: the read buffer is everybody's.
    this.#early = Buffer.concat([this.#early, bytes]);
    try {
      while (!this.#head) {
        const head = readAnswerHead(this.#early);
        if (!head) return;
        this.#early = this.#early.subarray(head.length);
        // An interim answer (RFC 9110, 15.2) comes before the one that counts.
        if (head.status < 200) continue;
        this.#framing = framingOf(head);
        this.#head = head;
      }
      this.#onHead?.resolve();
    } catch (error) {
      this.#finish(error as Error);
    }
  }

  #body(bytes: Buffer): void {
    try {
      if (this.#framing?.push(bytes, (part) => this.#taker?.bytes(part)) === false) this.#finish(undefined);
    } catch (error) {
      this.#finish(error as Error);
    }
  }

  /** The server sends no more. What is read already is told of first, when somebody takes it. */
  #ended(): void {
    if (this.#head && !this.#taker) return;
    this.#finish(this.#framing?.mayEnd ? undefined : new SourceFault('cut'));
  }

  #finish(error: Error | undefined): void {
    if (this.#end) return;
    this.#end = { error };
    const taker = this.#taker;
    this.drop();
    if (taker) taker.end(error);
    else this.#onHead?.reject(error ?? new SourceFault('closed'));
  }
}

/** The request as it is sent. Values with a line break in them are refused: they would be headers of their own. */
function requestText(url: URL, headers: Readonly<Record<string, string>>): string {
  const all = new Map([
    ['host', url.host],
    ['user-agent', USER_AGENT],
    ['accept', '*/*'],
  ]);
  if (url.username !== '' || url.password !== '') {
    const secret = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    all.set('authorization', `Basic ${Buffer.from(secret).toString('base64')}`);
  }
  for (const [name, value] of Object.entries(headers)) all.set(name.toLowerCase(), value);
  all.set('connection', 'close');
  // Resolvers hand on what their own client would say; nothing is unpacked here.
  all.delete('accept-encoding');
  const lines = [...all].map(([name, value]) => {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\r\n\0]/.test(value))
      throw new SourceRefused('unusable', 'header');
    return `${name}: ${value}\r\n`;
  });
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
