import type { Clock } from '@backlot/contract/clock';
import { RoomError } from './errors.ts';
import { type ResponseBody, readFrame, type SocketLike } from './socket.ts';

export interface SignalHandlers {
  readonly onNotification: (method: string, data: unknown) => void;
  /** Answers a request of the server; what it throws is told to the server as a refusal. */
  readonly onRequest: (method: string, data: unknown) => Promise<unknown>;
}

interface Waiting {
  readonly text: string;
  readonly method: string;
  readonly limitMs: number;
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: RoomError) => void;
  stopClock: () => void;
}

/** Responses that are sent again after a break: the server may not have got the last of them. */
const keptResponses = 32;
/** The server's memory of what it sent is kept short by saying what has come, each so many messages. */
const ackEvery = 50;

/**
 * One session with the server, over as many sockets as it takes. Requests that were under way when a socket broke are
 * answered by the replay, or sent again after it with their old ids, which the server takes once; their time limits
 * stand still meanwhile.
 */
export class SignalSession {
  readonly #clock: Clock;
  readonly #handlers: SignalHandlers;
  readonly #waiting = new Map<number, Waiting>();
  readonly #responses: string[] = [];
  #socket: SocketLike | undefined;
  #nextId = 1;
  #lastSeq = 0;
  #ackedSeq = 0;
  /** Whether the present socket is the session's: before that, only `resume` may be written. */
  #live = false;
  #replayedUpTo: number | undefined;
  #ended = false;

  constructor(clock: Clock, handlers: SignalHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** The last message of the server that came through. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Reads from this socket and writes to it from now on; the one before is forgotten. A new session is live at once. */
  attach(socket: SocketLike, isNew: boolean): void {
    this.#socket = socket;
    this.#live = isNew;
    this.#replayedUpTo = undefined;
    socket.addEventListener('message', (event) => {
      if (this.#socket === socket) this.#receive(event.data);
    });
  }

  /** The socket is gone. Requests keep waiting. */
  detach(): void {
    this.#socket = undefined;
    this.#live = false;
    for (const [id, waiting] of this.#waiting) {
      waiting.stopClock();
      // Asking to go on belongs to its socket; the next one is asked anew.
      if (waiting.method !== 'resume') continue;
      this.#waiting.delete(id);
      waiting.reject(new RoomError('disconnected', 'The socket was closed.'));
    }
  }

  /**
   * Goes on over the socket that was attached last. The server's answer comes before what was missed.
   * @throws RoomError `refused` when the server knows nothing of the session any more.
   */
  resume(sessionId: string, have: object = {}): Promise<unknown> {
    return this.#ask('resume', { ...have, sessionId, lastSeq: this.#lastSeq }, 10_000);
  }

  /** @throws RoomError `refused`, `timeout` or `disconnected` (the session is over). */
  request(method: string, data: object = {}, limitMs = 15_000): Promise<unknown> {
    return this.#ask(method, data, limitMs);
  }

  /** Lost without a trace when there is no connection; for what is said again after one (sizes, acknowledgements). */
  notify(method: string, data: object = {}): void {
    if (this.#live) this.#write(JSON.stringify({ notification: true, method, data }));
  }

  /** Nothing goes on: whoever waits is told so. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#live = false;
    this.#socket = undefined;
    for (const { reject, stopClock } of this.#waiting.values()) {
      stopClock();
      reject(sessionOver());
    }
    this.#waiting.clear();
  }

  #ask(method: string, data: object, limitMs: number): Promise<unknown> {
    if (this.#ended) return Promise.reject(sessionOver());
    const id = this.#nextId++;
    const text = JSON.stringify({ request: true, id, method, data });
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { text, method, limitMs, resolve, reject, stopClock: () => {} };
      this.#waiting.set(id, waiting);
      // What is asked while there is no connection is sent when there is one again.
      if (!this.#live && !(this.#socket && method === 'resume')) return;
      waiting.stopClock = this.#limit(id, waiting);
      this.#write(text);
    });
  }

  /** Once the replay has been read, what has no answer yet is sent again. */
  #goLiveAfterReplay(): void {
    if (this.#replayedUpTo === undefined || this.#lastSeq < this.#replayedUpTo) return;
    this.#replayedUpTo = undefined;
    this.#live = true;
    for (const text of this.#responses) this.#write(text);
    for (const [id, waiting] of this.#waiting) {
      waiting.stopClock();
      waiting.stopClock = this.#limit(id, waiting);
      this.#write(waiting.text);
    }
  }

  #limit(id: number, { method, limitMs, reject }: Waiting): () => void {
    return this.#clock.after(limitMs, () => {
      this.#waiting.delete(id);
      reject(new RoomError('timeout', `The server did not answer ${method} within ${limitMs} ms.`));
    });
  }

  #write(text: string): void {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  #receive(text: unknown): void {
    const read = readFrame(text);
    if (!read || this.#ended) return;
    const { frame, seq } = read;
    // The answer to `resume` comes before what was missed, whose numbers are lower.
    const counts = frame.kind !== 'response' || this.#waiting.get(frame.id)?.method !== 'resume';
    if (seq !== undefined && counts) {
      if (seq <= this.#lastSeq) return; // Said again in a replay.
      this.#lastSeq = seq;
    }
    if (frame.kind === 'notification') this.#handlers.onNotification(frame.method, frame.data);
    else if (frame.kind === 'request') void this.#asked(frame.id, frame.method, frame.data);
    else this.#answered(frame.id, frame.ok, frame.body);
    this.#goLiveAfterReplay();
    if (this.#lastSeq - this.#ackedSeq >= ackEvery) {
      this.#ackedSeq = this.#lastSeq;
      this.notify('ack', { seq: this.#lastSeq });
    }
  }

  #answered(id: number, ok: boolean, body: ResponseBody): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    waiting.stopClock();
    if (ok && waiting.method === 'resume') {
      // At once: what was missed may come in the very next moment, and is counted from here.
      const { replayed } = (body.data ?? {}) as { replayed?: unknown };
      this.#replayedUpTo = this.#lastSeq + (typeof replayed === 'number' ? replayed : 0);
    }
    if (ok) waiting.resolve(body.data ?? {});
    else waiting.reject(refusal(body));
  }

  async #asked(id: number, method: string, data: unknown): Promise<void> {
    let text: string;
    try {
      const answer = await this.#handlers.onRequest(method, data);
      text = JSON.stringify({ response: true, id, ok: true, data: answer === undefined ? {} : answer });
    } catch (error) {
      const errorReason = (error instanceof Error ? error.message : String(error)).slice(0, 2_000);
      text = JSON.stringify({ response: true, id, ok: false, errorCode: 400, errorReason });
    }
    if (this.#ended) return;
    this.#responses.push(text);
    if (this.#responses.length > keptResponses) this.#responses.shift();
    if (this.#live) this.#write(text);
  }
}

function sessionOver(): RoomError {
  return new RoomError('disconnected', 'The connection to the room is gone.');
}

function refusal(body: ResponseBody): RoomError {
  const code = body.errorData?.code;
  return new RoomError('refused', String(body.errorReason ?? 'The server refused.'), {
    ...(typeof code === 'string' ? { reason: code } : {}),
    ...(typeof body.errorCode === 'number' ? { status: body.errorCode } : {}),
  });
}
