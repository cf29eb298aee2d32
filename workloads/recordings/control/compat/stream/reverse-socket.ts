import { checkedLookup, checkUrl } from '@backlot/control/workload';
import { WebSocket } from 'ws';
import type { GatewayRow } from '../tables.ts';
import { addressPolicy } from './address-policy.ts';
import { Backlog, type Waiting } from './backlog.ts';
import { CommandTurn, mostCommandBytes, tooMany } from './command-turn.ts';
import { answer, Refusals } from './conversation.ts';
import type { Told } from './feed.ts';
import type { SocketParts } from './forward-socket.ts';
import { overflowLog } from './overflow-log.ts';

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
const connectMs = 15_000;
/** Answers that a peer does not read, bytes: one that commands and reads nothing is hung up on. */
const mostWaiting = 1024 * 1024;
const aliveMs = 30_000;

/** How long to wait before dialling again, after so many failures in a row. Jittered, so that a fleet does not come all at once. Pure. */
export function redialMs(failures: number, random: number): number {
  const wait = Math.min(firstWaitMs * 2 ** Math.min(failures, 10), longestWaitMs);
  return Math.round(wait * (0.5 + random / 2));
}

/**
 * A socket that we open to a balancing server (NGlive's `wspath`), for ever: when it ends it is dialled again, later each time,
 * up to a minute. It tells the thirteen events and does what the server commands.
 */
export class ReverseSocket {
  readonly #parts: SocketParts;
  readonly #gateway: GatewayRow;
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #random: () => number;
  readonly #backlog: Backlog;
  readonly #turn: CommandTurn;
  /** The event that the socket has and the network does not have yet. */
  #flying: Waiting | undefined;
  #socket: WebSocket | undefined;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #cancelAlive: (() => void) | undefined;
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(
    parts: SocketParts,
    gateway: GatewayRow,
    target: { readonly url: string; readonly token?: string | undefined },
    random: () => number = Math.random,
  ) {
    this.#parts = parts;
    this.#gateway = gateway;
    this.#url = target.url;
    this.#token = target.token;
    this.#random = random;
    const { log } = parts.kernel;
    this.#backlog = new Backlog(overflowLog(log, gateway, this.#url));
    this.#turn = new CommandTurn((error) => log.warn({ err: error }, 'a reverse socket of NGlive’s'));
  }

  start(): void {
    this.#stop = this.#parts.feed.listen(this.#gateway, (told) => this.#tell(told));
    void this.#dial();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#cancelAlive?.();
    this.#stop?.();
    this.#socket?.terminate();
    await this.#turn.idle();
    this.#backlog.giveUp();
  }

  async #dial(): Promise<void> {
    if (this.#closed) return;
    let socket: WebSocket;
    try {
      const policy = await addressPolicy(this.#parts.kernel.db);
      if (this.#closed) return;
      checkUrl(this.#url, policy);
      const options = {
        // A name is looked at when it is dialled: it may have come to stand for another address.
        lookup: checkedLookup(policy),
        handshakeTimeout: connectMs,
        maxPayload: mostCommandBytes,
        perMessageDeflate: false,
        followRedirects: false,
        ...(this.#token === undefined ? {} : { headers: { authorization: `Bearer ${this.#token}` } }),
      };
      socket = new WebSocket(this.#url, options);
    } catch (error) {
      // An address that is not allowed, or that this version of the library refuses: it is tried again like one that does not answer.
      this.#parts.kernel.log.warn({ err: error }, 'a reverse socket of NGlive’s can’t be opened');
      this.#again();
      return;
    }
    this.#socket = socket;
    let heard = true;
    const refusals = new Refusals();
    socket.on('open', () => {
      this.#failures = 0;
      this.#flush(socket);
      this.#watch(socket, () => {
        const was = heard;
        heard = false;
        return was;
      });
    });
    socket.on('pong', () => {
      heard = true;
    });
    socket.on('message', (data) => {
      heard = true;
      this.#take(socket, String(data), refusals);
    });
    // `close` follows.
    socket.on('error', (error) =>
      this.#parts.kernel.log.debug({ err: error }, 'a reverse socket of NGlive’s failed'),
    );
    socket.on('close', () => {
      this.#cancelAlive?.();
      if (this.#socket !== socket) return;
      if (this.#flying) this.#backlog.back(this.#flying);
      this.#flying = undefined;
      this.#again();
    });
  }

  #again(): void {
    this.#socket = undefined;
    if (this.#closed) return;
    const wait = redialMs(this.#failures, this.#random());
    this.#failures += 1;
    this.#cancel = this.#parts.kernel.clock.after(wait, () => void this.#dial());
  }

  /** A peer that vanished without a word answers no ping. */
  #watch(socket: WebSocket, alive: () => boolean): void {
    this.#cancelAlive = this.#parts.kernel.clock.after(aliveMs, () => {
      if (!alive()) return socket.terminate();
      socket.ping();
      this.#watch(socket, alive);
    });
  }

  #tell(told: Told): void {
    const socket = this.#socket;
    const open = socket?.readyState === WebSocket.OPEN;
    // A heartbeat says how it is now: one that waits is out of date.
    if (told.CMD === 'heartbeat' && (!open || this.#flying)) return;
    this.#backlog.addEvent(told);
    if (open) this.#flush(socket);
  }

  /**
   * Hands events over one at a time, the next when the network has taken the one before: a peer that is slow leaves them with
   * us, where they are counted and outlive the connection, and not in a socket that dies with them.
   */
  #flush(socket: WebSocket): void {
    if (this.#flying || socket.readyState !== WebSocket.OPEN) return;
    const entry = this.#backlog.next();
    if (!entry) return;
    this.#flying = entry;
    socket.send(JSON.stringify(entry.message), (error) => {
      // Not sent, or of a connection that is over: whoever hears it close puts the event back.
      if (error || this.#flying !== entry) return;
      this.#flying = undefined;
      this.#flush(socket);
    });
  }

  #take(socket: WebSocket, text: string, refusals: Refusals): void {
    const taken = this.#turn.take(async () => {
      const answered = await answer(this.#parts, this.#gateway, text, 'remote', refusals);
      if (answered) this.#answer(socket, answered);
    });
    if (!taken) this.#answer(socket, tooMany);
  }

  /** On the connection on which it was asked, or not at all: another one has asked nothing. */
  #answer(socket: WebSocket, message: unknown): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > mostWaiting) socket.terminate();
    else socket.send(JSON.stringify(message));
  }
}
