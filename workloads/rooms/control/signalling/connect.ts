import type { IncomingMessage } from 'node:http';
import { BacklotError, fill, type Language } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import type { RawData, WebSocket } from 'ws';
import { roomErrors } from '../../contract/errors.ts';
import { roomPhrases } from '../../contract/phrases.ts';
import {
  type ClientFrame,
  closeCodes,
  maxFrameBytes,
  mediasoupVersion,
  methods,
  type ServerFrame,
} from '../../contract/signalling.ts';
import type { RoomService } from '../rooms/service.ts';
import { newSessionId, type RoomsSettings } from '../settings.ts';
import { type Admission, admit, readArrival } from './admission.ts';
import { closeReason } from './close-reason.ts';
import { keepAlive } from './keep-alive.ts';
import { readFrame } from './read-frame.ts';
import { resume } from './resume.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface SignallingDeps {
  readonly kernel: Kernel;
  readonly rooms: RoomService;
  readonly settings: RoomsSettings;
  readonly sessions: Sessions;
}

let arrivals = 0;

/** Messages that may wait while a socket is being let in. */
const maxWaiting = 100;

/**
 * Takes a socket at `/rooms/ws`. Whoever it is is found out at once; the room is entered at once for a demo's client, and
 * with the first message for our own, because that message may be `resume`.
 */
export function connect(deps: SignallingDeps, socket: WebSocket, request: IncomingMessage): void {
  arrivals += 1;
  const connection = new Connection(deps, socket, arrivals);
  keepAlive(deps.kernel.clock, socket);
  void connection.begin(request);
}

/** One socket, from its first message on. */
class Connection {
  readonly #deps: SignallingDeps;
  readonly #socket: WebSocket;
  readonly #arrival: number;
  readonly #waiting: ClientFrame[] = [];
  #language: Language = 'en';
  #session: Session | null = null;
  #admission: Admission | null = null;
  #entered = false;
  #ours = false;
  #line: Promise<void> = Promise.resolve();

  constructor(deps: SignallingDeps, socket: WebSocket, arrival: number) {
    this.#deps = deps;
    this.#arrival = arrival;
    this.#socket = socket;
    socket.on('message', (data, binary) => this.#message(data, binary));
    socket.on('close', () => this.#session?.detach(socket));
  }

  async begin(request: IncomingMessage): Promise<void> {
    const { kernel, rooms, settings } = this.#deps;
    try {
      const arrival = readArrival(request);
      this.#language = arrival.language;
      this.#ours = arrival.vocabulary === 'backlot';
      const { tokens } = rooms;
      this.#admission = await admit({ kernel, tokens, open: settings.open }, arrival);
      const session = new Session({
        kernel,
        rooms,
        id: newSessionId(),
        vocabulary: arrival.vocabulary,
        language: arrival.language,
        throttleSecret: settings.throttleSecret,
        consumerReplicas: arrival.consumerReplicas,
        resumeMs: settings.resumeMs,
        onEnd: (ended) => this.#deps.sessions.delete(ended),
      });
      this.#session = session;
      session.attach(this.#socket);
      if (session.resumable) this.#welcome(session);
      else await this.#enter();
      this.#watchForJoin();
    } catch (error) {
      this.#refuse(error);
      return;
    }
    for (const frame of this.#waiting.splice(0)) this.#take(frame);
  }

  #message(data: RawData, binary: boolean): void {
    const frame = binary ? null : readFrame(data.toString());
    if (!frame) {
      this.#socket.close(closeCodes.tooMuch, 'not a message of protoo');
      return;
    }
    if (this.#session && (this.#entered || this.#session.resumable)) {
      this.#take(frame);
      return;
    }
    this.#waiting.push(frame);
    if (this.#waiting.length > maxWaiting) this.#socket.close(closeCodes.tooMuch, 'too many messages');
  }

  /** Until the room is entered one after the other; then side by side. */
  #take(frame: ClientFrame): void {
    if (this.#entered) {
      void this.#session?.hear(frame);
      return;
    }
    this.#line = this.#line.then(() => this.#first(frame));
  }

  async #first(frame: ClientFrame): Promise<void> {
    if (this.#entered) {
      void this.#session?.hear(frame);
      return;
    }
    if ('request' in frame && frame.method === 'resume' && this.#admission) {
      await this.#resume(frame.id, frame.data);
      return;
    }
    try {
      await this.#enter();
    } catch (error) {
      this.#refuse(error, 'request' in frame ? frame.id : null);
      return;
    }
    void this.#session?.hear(frame);
  }

  async #resume(id: number, data: unknown): Promise<void> {
    const asked = methods.resume.safeParse(data);
    try {
      if (!asked.success || !this.#admission) throw new BacklotError(roomErrors.session_unknown);
      const begun = this.#session;
      const resumed = await resume(this.#deps, this.#admission, asked.data, this.#socket);
      // The session that was begun for this socket, in case, never had a place.
      this.#session = resumed.session;
      this.#entered = true;
      if (begun) this.#deps.sessions.delete(begun);
      resumed.session.answerUnnumbered(id, resumed.answer);
      resumed.session.replay(resumed.missed);
      void resumed.afterwards();
    } catch (error) {
      if (!(error instanceof BacklotError))
        this.#deps.kernel.log.error({ err: error }, 'a session could not go on');
      const told = error instanceof BacklotError ? error : new BacklotError(roomErrors.session_unknown);
      this.#send(refusalFrame(id, told, this.#language));
    }
  }

  async #enter(): Promise<void> {
    const session = this.#session;
    const admission = this.#admission;
    if (!session || !admission) throw new BacklotError(roomErrors.session_unknown);
    const seat = await this.#deps.rooms.enter({
      ...admission,
      listener: session,
      sessionId: session.id,
      arrival: this.#arrival,
    });
    this.#entered = true;
    session.sitOn(seat);
    this.#deps.sessions.add(session);
    if (this.#socket.readyState !== this.#socket.OPEN) session.detach(this.#socket);
    else session.notify('mediasoupVersion', { version: mediasoupVersion });
  }

  #welcome(session: Session): void {
    this.#send({
      notification: true,
      method: 'welcome',
      data: {
        sessionId: session.id,
        resumeMs: this.#deps.settings.resumeMs,
        peerId: this.#admission?.identity ?? '',
        version: mediasoupVersion,
        maxMessageBytes: maxFrameBytes,
      },
    });
  }

  /** Whoever connects and never joins is cut off: sockets are not for keeping. */
  #watchForJoin(): void {
    const { clock } = this.#deps.kernel;
    const cancel = clock.after(this.#deps.settings.joinMs, () => {
      const seat = this.#session?.seat;
      if (seat?.joined || this.#session?.waits) return;
      const message = fill(roomPhrases['rooms.ended.not_joined'], {}, this.#language);
      this.#session?.close(closeCodes.ended, 'timed_out', message);
      this.#socket.close(closeCodes.ended, closeReason(message));
    });
    this.#socket.once('close', cancel);
  }

  #refuse(error: unknown, requestId: number | null = null): void {
    const { kernel } = this.#deps;
    if (!(error instanceof BacklotError))
      kernel.log.error({ err: error }, 'a socket of rooms could not be let in');
    const told =
      error instanceof BacklotError
        ? error
        : new BacklotError(roomErrors.request_failed, { params: { method: 'connect' } });
    const message = told.sentence(this.#language);
    if (requestId !== null) this.#send(refusalFrame(requestId, told, this.#language));
    const data = { reason: 'refused', message, code: told.code, params: told.params };
    this.#send({ notification: true, method: 'ended', data });
    // protoo's client comes back at once after every code but one: to it a refusal must be an end.
    const refused = this.#ours ? closeCodes.refused : closeCodes.ended;
    this.#socket.close(told.kind.retryable ? closeCodes.again : refused, closeReason(message));
  }

  #send(frame: ServerFrame): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

function refusalFrame(id: number, error: BacklotError, language: Language): ServerFrame {
  return {
    response: true,
    id,
    ok: false,
    errorCode: error.kind.status,
    errorReason: error.sentence(language),
    errorData: { code: error.code, params: error.params, retryable: error.kind.retryable },
  };
}
