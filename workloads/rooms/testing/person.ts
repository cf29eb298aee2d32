import { EventEmitter, once } from 'node:events';
import WebSocket from 'ws';
import type { ServerFrame } from '../contract/signalling.ts';

export interface PersonOptions {
  readonly url: string;
  readonly room: string;
  /** Without a token: what it calls itself. */
  readonly identity?: string;
  readonly token?: string;
  /** Further words of the address: `client=backlot`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Number of its first request; those of a session only grow, over all its sockets. */
  readonly firstId?: number;
  /** Answers what the server asks; accepts everything unless told. */
  readonly answer?: (method: string, data: Record<string, unknown>) => unknown;
}

/** A refusal, as a client gets it. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, reason: string) {
    super(reason);
    this.status = status;
    this.code = code;
  }
}

export interface Heard {
  readonly method: string;
  readonly data: Record<string, unknown>;
  readonly seq?: number;
}

/** A client of signalling by hand: says what it is told to, and keeps what it hears. Knows nothing of media. */
export class Person {
  readonly options: PersonOptions;
  readonly notifications: Heard[] = [];
  readonly requests: Heard[] = [];
  /** Everything with a number, in the order in which it came. */
  readonly seqs: number[] = [];
  sessionId = '';
  peerId = '';
  closed: { code: number; reason: string } | null = null;
  #socket: WebSocket;
  #id: number;
  readonly #waiting = new Map<number, { resolve: (data: unknown) => void; reject: (error: Error) => void }>();
  readonly #news = new EventEmitter();

  private constructor(options: PersonOptions) {
    this.options = options;
    this.#id = options.firstId ?? 1;
    this.#socket = this.#open();
  }

  static async connect(options: PersonOptions): Promise<Person> {
    const person = new Person(options);
    await person.opened();
    return person;
  }

  #open(): WebSocket {
    const { url, room, identity, token, query } = this.options;
    const address = new URL(url);
    address.searchParams.set('roomId', room);
    if (identity !== undefined) address.searchParams.set('peerId', identity);
    for (const [name, value] of Object.entries(query ?? {})) address.searchParams.set(name, value);
    const own = query?.client === 'backlot';
    if (token !== undefined && !own) address.searchParams.set('token', token);
    const socket = new WebSocket(address, [
      'protoo',
      ...(token !== undefined && own ? [`backlot.token.${token}`] : []),
    ]);
    socket.on('message', (data) => {
      if (this.#socket === socket) this.#hear(JSON.parse(data.toString()) as ServerFrame);
    });
    socket.on('close', (code, reason) => {
      if (this.#socket !== socket) return;
      this.closed = { code, reason: reason.toString() };
      this.#news.emit('news');
    });
    socket.on('error', () => {});
    return socket;
  }

  async opened(): Promise<void> {
    if (this.#socket.readyState !== WebSocket.CONNECTING) return;
    const socket = this.#socket;
    // A socket that can't be opened is closed, too; whoever asks sees which by `closed`.
    await new Promise<void>((resolve) => {
      socket.once('open', () => resolve());
      socket.once('close', () => resolve());
    });
  }

  #hear(frame: ServerFrame): void {
    if (frame.seq !== undefined) this.seqs.push(frame.seq);
    if ('request' in frame) {
      this.requests.push(frame as unknown as Heard);
      void this.#answer(frame.id, frame.method, frame.data as Record<string, unknown>);
    } else if ('notification' in frame) {
      const heard = frame as unknown as Heard;
      this.notifications.push(heard);
      if (frame.method === 'welcome' && this.sessionId === '') {
        this.sessionId = String(heard.data.sessionId);
        this.peerId = String(heard.data.peerId);
      }
    } else {
      const waiting = this.#waiting.get(frame.id);
      this.#waiting.delete(frame.id);
      if (frame.ok) waiting?.resolve(frame.data);
      else waiting?.reject(new Refused(frame.errorCode, frame.errorData.code, frame.errorReason));
    }
    this.#news.emit('news');
  }

  async #answer(id: number, method: string, data: Record<string, unknown>): Promise<void> {
    try {
      const answer = (await this.options.answer?.(method, data)) ?? {};
      this.raw(JSON.stringify({ response: true, id, ok: true, data: answer }));
    } catch (error) {
      const errorReason = error instanceof Error ? error.message : String(error);
      this.raw(JSON.stringify({ response: true, id, ok: false, errorCode: 403, errorReason }));
    }
  }

  raw(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  async request<T = Record<string, unknown>>(method: string, data: object = {}): Promise<T> {
    const id = this.#id;
    this.#id += 1;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.raw(JSON.stringify({ request: true, id, method, data }));
    return (await answer) as T;
  }

  notify(method: string, data: object = {}): void {
    this.raw(JSON.stringify({ notification: true, method, data }));
  }

  /** The code of the refusal. @throws when it is not refused */
  async refused(method: string, data: object = {}): Promise<string> {
    try {
      await this.request(method, data);
    } catch (error) {
      if (error instanceof Refused) return error.code;
      throw error;
    }
    throw new Error(`${method} was not refused.`);
  }

  said(method: string): Record<string, unknown>[] {
    return this.notifications.filter((one) => one.method === method).map(({ data }) => data);
  }
  askedFor(method: string): Record<string, unknown>[] {
    return this.requests.filter((one) => one.method === method).map(({ data }) => data);
  }

  /** Waits until it is so, looking at everything that comes. @throws after 20 s */
  async until<T>(what: () => T | undefined | false | null, words: string): Promise<T> {
    const limit = AbortSignal.timeout(20_000);
    for (;;) {
      const answer = what();
      if (answer !== undefined && answer !== false && answer !== null) return answer;
      try {
        await once(this.#news, 'news', { signal: limit });
      } catch (error) {
        throw new Error(`Waited 20 s for this: ${words}.`, { cause: error });
      }
    }
  }

  async untilSaid(method: string, count = 1): Promise<Record<string, unknown>> {
    return await this.until(() => this.said(method)[count - 1], `${method} is said ${count} times`);
  }
  async untilClosed(): Promise<{ code: number; reason: string }> {
    return await this.until(() => this.closed, 'the socket is closed');
  }

  /** The network is cut: the socket breaks without a goodbye. */
  cut(): void {
    const socket = this.#socket;
    socket.terminate();
  }

  /** Another socket, on which it has not said anything yet. */
  async reconnect(): Promise<void> {
    this.closed = null;
    this.#socket = this.#open();
    await this.opened();
  }

  async resume(more: object = {}): Promise<Record<string, unknown>> {
    return await this.request('resume', {
      sessionId: this.sessionId,
      lastSeq: this.seqs.at(-1) ?? 0,
      ...more,
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** What a client of Chromium says that it can. */
export const capabilities = {
  codecs: [
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48_000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 101, clockRate: 90_000 },
  ],
  headerExtensions: [],
};

let ssrc = 1_000;
/** What it sends: a track of its own each time. */
export function parametersOf(kind: 'audio' | 'video') {
  ssrc += 1;
  return {
    mid: String(ssrc),
    codecs: [
      kind === 'audio'
        ? { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }
        : { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 },
    ],
    headerExtensions: [],
    encodings: [{ ssrc }],
    rtcp: { cname: `c${ssrc}` },
  };
}
