import type { Clock } from '@backlot/contract/clock';
import { type RoomAddress, socketAddress } from './address.ts';
import { type BackOff, pauseBefore } from './back-off.ts';
import { RoomError } from './errors.ts';
import { type SignalHandlers, SignalSession } from './signal-session.ts';
import { type OpenSocket, readFrame, type SocketLike } from './socket.ts';
import type { EndReason, Snapshot } from './wire.ts';

/** Close codes of the server after which it makes no sense to come back. */
const finalCodes: ReadonlySet<number> = new Set([4000, 4003]);
const openLimitMs = 10_000;
/** A path can be dead although TCP has not noticed: a question that must be answered finds out. */
const probeEveryMs = 15_000;
const probeLimitMs = 6_000;

export interface ConnectionEvents extends SignalHandlers {
  /** A session of its own: everything has to be set up. Called for the first one and whenever one was lost. */
  readonly onNewSession: (session: SignalSession) => void;
  /** The session goes on as if nothing had been; with a snapshot, what was said meanwhile is not known. */
  readonly onResumed: (snapshot: Snapshot | null) => void;
  readonly onLost: () => void;
  /** For good. */
  readonly onEnd: (reason: EndReason, error: RoomError) => void;
}

export interface ConnectionOptions {
  /** Asked for each new session, so that a token can be renewed. */
  readonly address: () => RoomAddress | Promise<RoomAddress>;
  /** What one has, told when a session goes on: after a restart the server offers what is lacking. */
  readonly have: () => object;
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backOff: BackOff;
  readonly events: ConnectionEvents;
}

/**
 * Keeps one connected: opens a socket, goes on with the session on the next one when it breaks, starts anew when the
 * server knows nothing of it any more, and gives up when the server says that it is over, or after long enough.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stop = new AbortController();
  #session: SignalSession | undefined;
  #sessionId: string | undefined;
  #socket: SocketLike | undefined;
  #ended: { reason: EndReason; message: string; code?: string } | undefined;
  #running = false;
  #isLeaving: SocketLike | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get session(): SignalSession | undefined {
    return this.#session;
  }

  /** Begins to connect; what happens then is told by events. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Drops the present socket, as a break of the network does; the session goes on over the next one. */
  drop(): void {
    this.#socket?.close(3000, 'dropped');
  }

  /** Forgets the session and connects to what `address` says now. */
  restart(): void {
    this.#forget();
    this.#ended = undefined;
    this.#isLeaving = this.#socket;
    this.drop();
  }

  /** Asks for a sign of life now; a network that has changed often leaves a dead socket behind. */
  probe(): void {
    const session = this.#session;
    const socket = this.#socket;
    if (!session || !socket || socket.readyState !== 1) return;
    session.request('ack', { seq: session.lastSeq }, probeLimitMs).catch((error: unknown) => {
      if (error instanceof RoomError && error.code === 'timeout' && this.#socket === socket) this.drop();
    });
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#forget();
    this.#socket?.close(1000, 'left');
    this.#socket = undefined;
  }

  async #run(): Promise<void> {
    const { clock, backOff, random, events } = this.#options;
    let attempt = 0;
    let lostAt = clock.monotonic();
    const stopProbes = this.#probeRegularly();
    while (!this.#stop.signal.aborted) {
      const pause = pauseBefore(attempt, backOff, random());
      if (pause > 0) await clock.sleep(pause, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) break;
      const up = await this.#connectOnce();
      if (up) {
        const { code, reason } = await up.closed;
        attempt = 0;
        lostAt = clock.monotonic();
        // What the server says about a socket that was given up for another place is no end of anything.
        const wasLeft = this.#isLeaving !== undefined && this.#isLeaving === this.#socket;
        this.#isLeaving = undefined;
        if (wasLeft) this.#ended = undefined;
        else if (this.#isOver(code, reason)) break;
        this.#session?.detach();
        if (!this.#stop.signal.aborted) events.onLost();
      }
      if (this.#ended) break;
      attempt += 1;
      if (clock.monotonic() - lostAt > backOff.giveUpAfterMs) {
        this.#ended = { reason: 'unreachable', message: 'The server could not be reached.' };
        break;
      }
    }
    stopProbes();
    this.#forget();
    const ended = this.#ended;
    if (!this.#stop.signal.aborted && ended) {
      const code = ended.reason === 'refused' || ended.reason === 'revoked' ? 'refused' : 'closed';
      events.onEnd(
        ended.reason,
        new RoomError(ended.reason === 'unreachable' ? 'disconnected' : code, ended.message, {
          reason: ended.code ?? ended.reason,
        }),
      );
    }
    this.#stop.abort();
  }

  /** One socket, up to the moment at which a session lives on it; undefined when it came to nothing. */
  async #connectOnce(): Promise<{ closed: Promise<{ code: number; reason: string }> } | undefined> {
    const { openSocket, events } = this.#options;
    let socket: SocketLike;
    try {
      const { url, protocols } = socketAddress(await this.#options.address());
      socket = openSocket(url, protocols);
    } catch (error) {
      // An address that is none never becomes one; a token that could not be had may be had the next time.
      if (error instanceof RoomError || error instanceof TypeError || error instanceof SyntaxError) {
        this.#ended = { reason: 'refused', message: error.message };
      }
      return undefined;
    }
    this.#socket = socket;
    let isClosed: { code: number; reason: string } | undefined;
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => {
        isClosed = { code, reason };
        resolve(isClosed);
      });
    });
    socket.addEventListener('error', () => {});
    this.#watchForEnd(socket);
    const welcome = this.#welcomeOn(socket);
    const opened = await this.#opened(socket, closed);
    if (!opened) {
      socket.close(3000, 'not opened');
      if (isClosed) this.#isOver(isClosed.code, isClosed.reason);
      return undefined;
    }
    if (this.#session && this.#sessionId !== undefined) {
      this.#session.attach(socket, false);
      try {
        const answer = (await Promise.race([
          this.#session.resume(this.#sessionId, this.#options.have()),
          closed.then(() => Promise.reject(new RoomError('disconnected', 'Closed while resuming.'))),
        ])) as { snapshot?: Snapshot | null };
        events.onResumed(answer.snapshot ?? null);
        return { closed };
      } catch (error) {
        if (!(error instanceof RoomError) || error.code !== 'refused') {
          this.#session?.detach();
          socket.close(3000, 'not resumed');
          if (isClosed) this.#isOver(isClosed.code, isClosed.reason);
          return undefined;
        }
        this.#forget();
      }
    }
    const sessionId = await Promise.race([welcome, closed.then(() => undefined)]);
    if (sessionId === undefined || this.#stop.signal.aborted) {
      socket.close(3000, 'no welcome');
      if (isClosed) this.#isOver(isClosed.code, isClosed.reason);
      return undefined;
    }
    const session = new SignalSession(this.#options.clock, events);
    session.attach(socket, true);
    this.#session = session;
    this.#sessionId = sessionId;
    events.onNewSession(session);
    return { closed };
  }

  #opened(socket: SocketLike, closed: Promise<unknown>): Promise<boolean> {
    if (socket.readyState === 1) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stopClock = this.#options.clock.after(openLimitMs, () => resolve(false));
      const end = (open: boolean) => {
        stopClock();
        resolve(open);
      };
      socket.addEventListener('open', () => end(true));
      void closed.then(() => end(false));
    });
  }

  /** The id of the new session that the server begins on this socket. */
  #welcomeOn(socket: SocketLike): Promise<string | undefined> {
    return new Promise((resolve) => {
      const stopClock = this.#options.clock.after(openLimitMs * 2, () => resolve(undefined));
      socket.addEventListener('message', ({ data }) => {
        const frame = readFrame(data)?.frame;
        if (frame?.kind !== 'notification' || frame.method !== 'welcome') return;
        stopClock();
        const { sessionId } = frame.data as { sessionId?: unknown };
        resolve(typeof sessionId === 'string' ? sessionId : undefined);
      });
    });
  }

  /** The last word of the server before it closes for good, whatever session it belongs to. */
  #watchForEnd(socket: SocketLike): void {
    socket.addEventListener('message', ({ data }) => {
      const frame = readFrame(data)?.frame;
      if (frame?.kind !== 'notification' || frame.method !== 'ended') return;
      const { reason, message, code } = frame.data as {
        reason?: EndReason;
        message?: string;
        code?: unknown;
      };
      this.#ended = {
        reason: reason ?? 'room_closed',
        message: message ?? '',
        ...(typeof code === 'string' ? { code } : {}),
      };
    });
  }

  #isOver(code: number, reason: string): boolean {
    // Somebody who was moved is told so before; they connect elsewhere.
    if (this.#ended?.reason === 'moved') {
      this.#ended = undefined;
      return false;
    }
    if (finalCodes.has(code)) {
      this.#ended ??= { reason: code === 4003 ? 'refused' : 'room_closed', message: reason };
    }
    return this.#ended !== undefined;
  }

  #forget(): void {
    this.#session?.end();
    this.#session = undefined;
    this.#sessionId = undefined;
  }

  #probeRegularly(): () => void {
    let cancel = () => {};
    const again = () => {
      cancel = this.#options.clock.after(probeEveryMs, () => {
        this.probe();
        again();
      });
    };
    again();
    return () => cancel();
  }
}
