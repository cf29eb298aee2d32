import { BacklotError, type Language, toProblem } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import type { WebSocket } from 'ws';
import { roomErrors } from '../../contract/errors.ts';
import {
  type ClientFrame,
  closeCodes,
  type EndReason,
  type NotificationData,
  type NotificationName,
  requestTimeoutMs,
  type ServerFrame,
  type ServerRequestData,
  type ServerRequestName,
} from '../../contract/signalling.ts';
import { audit } from '../http/access.ts';
import type { Moderator, Rooms, Seat, SeatListener } from '../ports.ts';
import { endMessage } from '../rooms/presence.ts';
import { closeReason } from './close-reason.ts';
import { type CallContext, dispatch } from './dispatch.ts';
import { defaultOutboxLimits, Outbox, type OutboxLimits } from './outbox.ts';
import { TalkRate, talkLimits } from './rate.ts';
import { checkCall } from './read-frame.ts';
import { answerIn, notificationIn, requestIn } from './translate.ts';
import { hear, type Vocabulary } from './vocabulary.ts';

/** Bytes in a socket's buffer above which what is soon said again anyway is left out, and above which it is cut. */
const buffered = { droppable: 256 * 1_024, cut: 4 * 1_024 * 1_024 } as const;
/** Requests of one client that are under way at once. */
const maxAtOnce = 64;

/** Said again within seconds with newer values: may be lost when a client is slow. */
const droppable: ReadonlySet<string> = new Set([
  'producerScore',
  'consumerScore',
  'speakingPeers',
  'downlinkBwe',
  'consumerLayersChanged',
]);

interface Asked {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: BacklotError) => void;
  readonly method: string;
  cancel: () => void;
}

export interface SessionOptions {
  readonly kernel: Kernel;
  readonly rooms: Rooms;
  readonly id: string;
  readonly vocabulary: Vocabulary;
  readonly language: Language;
  readonly throttleSecret: string | null;
  readonly consumerReplicas: number;
  /** Milliseconds that it waits for its client to come back. */
  readonly resumeMs: number;
  readonly limits?: OutboxLimits;
  /** Number of the last message before, when it goes on after a restart. */
  readonly lastSeq?: number;
  /** Called once, when it is over. */
  readonly onEnd: (session: Session) => void;
}

/**
 * One client's signalling, over as many sockets as it takes: what it asks is checked and done, what the room tells it is
 * said in its words. Sessions of our own clients keep what they said until it has come, and wait a while for a client
 * whose socket broke; a demo's client begins anew, so its session ends with its socket.
 */
export class Session implements SeatListener {
  readonly id: string;
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #rate: TalkRate;
  readonly #asked = new Map<number, Asked>();
  #seat: (Seat & { away?(away: boolean): void }) | null = null;
  #vocabulary: Vocabulary;
  #socket: WebSocket | null = null;
  #nextId = 1;
  #highestRequest = -1;
  #underWay = 0;
  #waits = false;
  #againLater = false;
  #over = false;
  #cancelAway: () => void = () => {};

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#vocabulary = options.vocabulary;
    this.#outbox = new Outbox(options.lastSeq ?? 0, options.limits ?? defaultOutboxLimits);
    this.#rate = new TalkRate(talkLimits, options.kernel.clock.monotonic());
  }

  get over(): boolean {
    return this.#over;
  }
  get resumable(): boolean {
    return this.#vocabulary === 'backlot';
  }
  /** In the lobby, where one may wait for long. */
  get waits(): boolean {
    return this.#waits;
  }
  get seat(): Seat | null {
    return this.#seat;
  }
  get lastSeq(): number {
    return this.#outbox.last;
  }

  /** Its place in a room, once it has one. */
  sitOn(seat: Seat): void {
    this.#seat = seat;
  }

  /** Speaks over this socket from now on. What was said since `lastSeq` is said again; null: that is not known any more. */
  attach(socket: WebSocket, lastSeq?: number): readonly string[] | null {
    let missed: readonly string[] | null = [];
    if (lastSeq !== undefined) {
      missed = this.#outbox.after(lastSeq);
      if (missed === null) return null;
      this.#outbox.acknowledge(lastSeq);
    }
    const old = this.#socket;
    this.#socket = socket;
    if (old && old !== socket) old.close(1000, 'resumed elsewhere');
    this.#cancelAway();
    for (const [id, asked] of this.#asked) this.#limit(id, asked);
    this.#seat?.away?.(false);
    return missed;
  }

  /** Its socket is gone: it waits for another, or is over. */
  detach(socket: WebSocket): void {
    if (this.#socket !== socket || this.#over) return;
    this.#socket = null;
    for (const asked of this.#asked.values()) asked.cancel();
    if (!this.resumable || !this.#seat?.joined) {
      this.#leave('left');
      return;
    }
    this.#seat.away?.(true);
    this.#wait();
  }

  /** Nobody may come any more: after a restart, or when the socket has gone. */
  #wait(): void {
    this.#cancelAway();
    this.#cancelAway = this.#options.kernel.clock.after(this.#options.resumeMs, () =>
      this.#leave('timed_out'),
    );
  }

  #leave(reason: EndReason): void {
    const seat = this.#seat;
    this.#end();
    void seat?.leave(reason);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelAway();
    for (const [id, asked] of [...this.#asked]) {
      asked.cancel();
      this.#asked.delete(id);
      asked.reject(unanswered(this.#seat?.identity ?? '', asked.method));
    }
    this.#options.onEnd(this);
  }

  /** Puts an end to it from our side, with a word where the client has one. */
  close(code: number, reason: EndReason, message: string): void {
    if (this.#over) return;
    this.notify('ended', { reason, message });
    const socket = this.#socket;
    this.#leave(reason);
    socket?.close(code, closeReason(message));
  }

  // SeatListener

  notify<N extends NotificationName>(method: N, data: NotificationData<N>): void {
    if (this.#over) return;
    if (
      droppable.has(method) &&
      (this.#socket === null || this.#socket.bufferedAmount > buffered.droppable)
    ) {
      return;
    }
    for (const said of notificationIn(this.#vocabulary, method, data)) {
      this.#say({ notification: true, ...said });
    }
  }

  async request<N extends ServerRequestName>(method: N, data: ServerRequestData<N>): Promise<unknown> {
    const said = requestIn(this.#vocabulary, method, data);
    const identity = this.#seat?.identity ?? '';
    if (!said || this.#over) throw unanswered(identity, method);
    const id = this.#nextId++;
    return await new Promise<unknown>((resolve, reject) => {
      const asked: Asked = { resolve, reject, method, cancel: () => {} };
      this.#asked.set(id, asked);
      if (this.#socket) this.#limit(id, asked);
      this.#say({ request: true, id, ...said });
    });
  }

  ended(reason: EndReason, message: string): void {
    if (this.#over) return;
    this.notify('ended', { reason, message });
    const socket = this.#socket;
    this.#end();
    socket?.close(closeCodes.ended, closeReason(message));
  }

  again(): void {
    if (this.#over) return;
    // What was asked is answered first: it may be what has led here.
    if (this.#underWay > 0) {
      this.#againLater = true;
      return;
    }
    const socket = this.#socket;
    this.#leave('left');
    socket?.close(closeCodes.again, 'join again');
  }

  /** One message of the client. */
  async hear(frame: ClientFrame): Promise<void> {
    if (this.#over) return;
    if ('response' in frame) {
      this.#answered(frame);
      return;
    }
    const rate = this.#rate.take(this.#options.kernel.clock.monotonic());
    if (rate === 'out') {
      const error = new BacklotError(roomErrors.signalling_rate, { params: { limit: talkLimits.perSecond } });
      this.close(closeCodes.tooMuch, 'refused', error.sentence(this.#options.language));
      return;
    }
    if ('notification' in frame) {
      if (rate === 'ok') await this.#notified(frame.method, frame.data);
      return;
    }
    if (this.resumable) {
      // Asked again after a break: its answer is in the replay, or still comes.
      if (frame.id <= this.#highestRequest) return;
      this.#highestRequest = frame.id;
    }
    await this.#requested(frame, rate === 'ok' && this.#underWay < maxAtOnce);
  }

  /** Says an answer that is the session's own (`resume`), outside of the numbering. */
  answerUnnumbered(id: number, data: object): void {
    this.#write(JSON.stringify({ response: true, id, ok: true, data } satisfies ServerFrame));
  }

  replay(missed: readonly string[]): void {
    for (const text of missed) this.#write(text);
  }

  async #requested(frame: Extract<ClientFrame, { request: true }>, allowed: boolean): Promise<void> {
    const { kernel } = this.#options;
    this.#underWay += 1;
    try {
      if (!allowed) {
        throw new BacklotError(roomErrors.signalling_rate, { params: { limit: talkLimits.perSecond } });
      }
      const answer = await kernel.tracer.span(
        `rooms.signal ${frame.method.slice(0, 40)}`,
        {
          kind: 'server',
          parent: frame.traceparent,
          attributes: { 'rooms.room': this.#seat?.roomName ?? '', 'rooms.peer': this.#seat?.identity ?? '' },
        },
        () => this.#do(frame.method, frame.data, 'request'),
      );
      this.#say({ response: true, id: frame.id, ok: true, data: answer });
    } catch (error) {
      this.#say(this.#refusal(frame.id, frame.method, error));
    } finally {
      this.#underWay -= 1;
      if (this.#againLater && this.#underWay === 0) this.again();
    }
  }

  async #notified(method: string, data: unknown): Promise<void> {
    try {
      await this.#do(method, data, 'notification');
    } catch (error) {
      this.#options.kernel.log.debug(
        { err: error, method, session: this.#seat?.identity },
        'a notification failed',
      );
    }
  }

  async #do(method: string, data: unknown, kind: 'request' | 'notification'): Promise<object> {
    const call = checkCall(method, data);
    this.#vocabulary = hear(this.#vocabulary, { kind, method: call.method, data: call.data });
    switch (call.method) {
      case 'ack':
        this.#outbox.acknowledge(call.data.seq);
        return {};
      case 'resume':
        // Only the first message of a socket can resume; that is seen to before it comes here.
        throw new BacklotError(roomErrors.session_unknown);
      case 'leave': {
        const seat = this.#need();
        // After the answer, so that the client hears it.
        setImmediate(() => {
          const socket = this.#socket;
          void seat.leave('left');
          this.#end();
          socket?.close(closeCodes.ended, 'left');
        });
        return {};
      }
      default: {
        const { rooms, throttleSecret, consumerReplicas } = this.#options;
        const context: CallContext = {
          rooms,
          seat: this.#need(),
          throttleSecret,
          consumerReplicas,
          audit: (action, by, what) => this.#audit(action, by, what),
          tellBandwidth: this.#vocabulary === '2024',
        };
        const answer = await dispatch(context, call);
        if (call.method === 'join') this.#waits = (answer as { state?: string }).state === 'lobby';
        return answerIn(this.#vocabulary, call.method, answer);
      }
    }
  }

  /** A participant is nobody whom the installation knows: what names them is their identity in the room. */
  async #audit(action: string, by: Moderator, after: Readonly<Record<string, unknown>>): Promise<void> {
    const { kernel, rooms, language } = this.#options;
    const name = `${by.name} (${by.identity ?? ''})`;
    const actor: Actor = { kind: 'anonymous', id: null, name, grants: [], scopes: [], language };
    await audit(kernel, actor, action, await rooms.get(this.#need().roomId), after);
  }

  #need(): Seat {
    if (!this.#seat) throw new BacklotError(roomErrors.session_unknown);
    return this.#seat;
  }

  #answered(frame: Extract<ClientFrame, { response: true }>): void {
    const asked = this.#asked.get(frame.id);
    if (!asked) return;
    this.#asked.delete(frame.id);
    asked.cancel();
    if (frame.ok) asked.resolve(frame.data ?? {});
    else {
      asked.reject(
        new BacklotError(roomErrors.rpc_refused, {
          params: {
            identity: this.#seat?.identity ?? '',
            method: asked.method,
            reason: frame.errorReason ?? '',
          },
        }),
      );
    }
  }

  #limit(id: number, asked: Asked): void {
    asked.cancel();
    asked.cancel = this.#options.kernel.clock.after(requestTimeoutMs, () => {
      this.#asked.delete(id);
      asked.reject(unanswered(this.#seat?.identity ?? '', asked.method));
    });
  }

  #refusal(id: number, method: string, error: unknown): ServerFrame {
    const known = error instanceof BacklotError;
    if (!known) this.#options.kernel.log.error({ err: error, method }, 'a request of signalling failed');
    const told = known ? error : new BacklotError(roomErrors.request_failed, { params: { method } });
    const problem = toProblem(told, this.#options.language);
    return {
      response: true,
      id,
      ok: false,
      errorCode: problem.status,
      errorReason: problem.detail,
      errorData: { code: problem.code, params: problem.params ?? {}, retryable: problem.retryable },
    };
  }

  #say(frame: ServerFrame): void {
    if (!this.resumable) {
      this.#write(JSON.stringify(frame));
      return;
    }
    const text = this.#outbox.add(frame);
    if (text !== null) this.#write(text);
    else this.close(closeCodes.slow, 'refused', endMessage({ reason: 'refused' }, this.#options.language));
  }

  #write(text: string): void {
    const socket = this.#socket;
    if (!socket || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > buffered.cut) {
      // It does not read. A session that can resume gets the rest when it comes back.
      socket.terminate();
      return;
    }
    socket.send(text);
  }
}

function unanswered(identity: string, method: string): BacklotError {
  return new BacklotError(roomErrors.rpc_unanswered, { params: { identity, method } });
}
