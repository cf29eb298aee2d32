import type { Challenge, ControlMessages, NodeMessages, NodeMessageType } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { linkCloseCodes } from '@backlot/contract/link/close-codes';
import { decode, encode, type Message } from '@backlot/contract/link/codec';
import { linkMaxBytes, linkProtocol } from '@backlot/contract/link/envelope';
import { controlMessages } from '@backlot/contract/link/messages';
import { PendingRequests } from '@backlot/contract/link/pending-requests';
import { proofText } from '@backlot/contract/link/proof';
import type { Logger } from 'pino';
import { retryDelay } from './backoff.ts';
import { openPoll } from './poll-transport.ts';
import type { Transport, TransportEnd, TransportEvents } from './transport.ts';
import { openWebSocket } from './websocket-transport.ts';

/** A message that the agent has to act on; the handshake and answers are the client's own business. */
export type ControlMessage = Exclude<
  Message<typeof controlMessages>,
  { t: 'challenge' | 'welcome' | 'ack' | 'result' | 'error' | 'goaway' }
>;
/** The answer to a request. */
export type Answer = Extract<Message<typeof controlMessages>, { t: 'welcome' | 'ack' | 'result' }>;

/** Who signs in. The epoch is asked for at each connection, because `welcome` may change it. */
export interface LinkIdentity {
  readonly nodeId: string;
  readonly epoch: () => number;
  /** Ed25519 signature of the text, base64url. */
  sign(text: string): string;
}

export interface LinkEvents {
  /** Signed in. Nothing is sent before this has resolved: a new epoch has to be on disk first. */
  welcome(welcome: ControlMessages['welcome']): Promise<void>;
  message(message: ControlMessage): void;
  /** The link is gone; the client is trying to get it back. */
  down(reason: string): void;
  /** The control plane won't have this node. It is asked again, but seldom. */
  refused(error: BacklotError): void;
}

export interface LinkClientOptions {
  readonly controlUrl: string;
  readonly identity: LinkIdentity;
  /** New on every start of the agent. */
  readonly bootId: string;
  readonly agentVersion: string;
  readonly features: readonly string[];
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Logger;
  readonly events: LinkEvents;
}

/** From the opened transport to `welcome`. */
const SIGN_IN_MS = 20_000;
/** WebSockets that something in between refused, before polling is tried. */
const BLOCKED_TRIES = 3;
/** On polling, a WebSocket is tried again after this long. */
const POLL_LIFE_MS = 600_000;
/** A link on which the server says nothing for this many heartbeats is dead, whatever TCP thinks. */
const SILENT_HEARTBEATS = 6;
/** However short the heartbeats are: a busy machine may stand still for seconds. */
const LEAST_SILENCE_MS = 5_000;
/** Pause after a refusal that only a person can lift. */
const REFUSED_MS = 60_000;
const FAULTS_LOGGED = 20;

/**
 * The node's end of the link: connects, signs in, stays connected. What is sent while there is no link is refused
 * and not kept: whoever needs it delivered keeps it (reports are in the journal) and sends it again.
 */
export class LinkClient {
  readonly #options: LinkClientOptions;
  readonly #pending: PendingRequests<Answer>;
  readonly #closing = new AbortController();
  #transport: Transport | undefined;
  #phase: 'down' | 'connecting' | 'signed-in' = 'down';
  #failures = 0;
  #blocked = 0;
  #faults = 0;
  #heardAt = 0;
  #heartbeatMs = 3_000;
  /** Told by `goaway`: when to come back. */
  #returnAfterMs: number | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Names one connection: what an old one still says is not heard. */
  #connection = 0;

  constructor(options: LinkClientOptions) {
    this.#options = options;
    this.#pending = new PendingRequests(options.clock);
  }

  get connected(): boolean {
    return this.#phase === 'signed-in';
  }

  /** What carries the link now. */
  get transport(): Transport['kind'] | undefined {
    return this.#transport?.kind;
  }

  start(): void {
    this.#connect();
  }

  /**
   * Sends a message that needs no answer. False when there is no link, or when the message is larger than the link takes;
   * if it was to be an answer, whoever asked is then told so.
   */
  send<T extends NodeMessageType>(
    type: T,
    body: NodeMessages[T],
    link: { readonly re?: string | undefined } = {},
  ): boolean {
    if (!this.connected) return false;
    try {
      return this.#write(type, body, link);
    } catch (error) {
      if (!(error instanceof BacklotError)) throw error;
      this.#options.log.warn({ err: error, re: link.re }, 'a message is too large for the link');
      if (link.re !== undefined) this.#write('error', { code: error.code, message: error.message }, link);
      return false;
    }
  }

  /**
   * Sends a message and waits for its answer.
   *
   * @throws node_not_connected, timed_out, link_message_too_large, or the control plane's refusal as call_failed
   */
  request<T extends NodeMessageType>(
    type: T,
    body: NodeMessages[T],
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Answer> {
    return this.#pending.request((id) => this.connected && this.#write(type, body, { id }), {
      what: 'The control plane',
      ...options,
    });
  }

  /** Answers a request of the control plane with what went wrong. */
  fail(re: string | undefined, error: BacklotError): void {
    this.send('error', { code: error.code, message: error.message }, { re });
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#cancelTimer?.();
    this.#connection += 1;
    this.#phase = 'down';
    this.#pending.linkClosed();
    this.#transport?.close();
  }

  #connect(): void {
    if (this.#closing.signal.aborted) return;
    this.#connection += 1;
    this.#phase = 'connecting';
    this.#returnAfterMs = undefined;
    const { controlUrl, clock } = this.#options;
    const connection = this.#connection;
    const events: TransportEvents = {
      message: (text) => {
        if (connection === this.#connection) this.#message(text);
      },
      closed: (end) => {
        if (connection === this.#connection) this.#closed(end);
      },
    };
    const open = this.#blocked >= BLOCKED_TRIES ? openPoll : openWebSocket;
    this.#heardAt = clock.monotonic();
    this.#transport = open(controlUrl, clock, events);
    this.#timer(SIGN_IN_MS, () => this.#drop('no welcome in time'));
  }

  #message(text: string): void {
    this.#heardAt = this.#options.clock.monotonic();
    const decoded = decode(text, controlMessages);
    if (!decoded.ok) {
      this.#faults += 1;
      if (this.#faults <= FAULTS_LOGGED) {
        this.#options.log.warn({ err: decoded.error, type: decoded.t }, 'a link message was not understood');
      }
      if (decoded.t !== 'error' && decoded.id !== undefined) this.fail(decoded.id, decoded.error);
      return;
    }
    const { message } = decoded;
    switch (message.t) {
      case 'challenge':
        this.#signIn(message.b);
        return;
      case 'welcome':
        void this.#welcomed(message.b);
        return;
      case 'goaway':
        this.#returnAfterMs = message.b.retryAfterMs;
        return;
      case 'error':
        this.#error(message.b, message.re);
        return;
      case 'ack':
      case 'result':
        if (message.re !== undefined) this.#pending.resolve(message.re, message);
        return;
      default:
        if (this.connected) this.#options.events.message(message);
    }
  }

  #signIn(challenge: Challenge): void {
    const { identity, bootId, agentVersion, features } = this.#options;
    const claim = { nodeId: identity.nodeId, epoch: identity.epoch(), bootId };
    this.#write(
      'hello',
      {
        ...claim,
        protocol: linkProtocol,
        agentVersion,
        features: [...features],
        proof: identity.sign(proofText(challenge, claim)),
      },
      { id: 'hello' },
    );
  }

  async #welcomed(welcome: ControlMessages['welcome']): Promise<void> {
    const connection = this.#connection;
    try {
      this.#cancelTimer?.();
      this.#failures = 0;
      this.#blocked = this.#transport?.kind === 'poll' ? this.#blocked : 0;
      this.#heartbeatMs = welcome.heartbeatMs;
      // Offers may follow at once and must not be lost, so the phase changes first. The server takes the epoch as
      // known only with the inventory, which the agent sends after this has resolved.
      this.#phase = 'signed-in';
      await this.#options.events.welcome(welcome);
    } catch (error) {
      this.#options.log.error({ err: error }, 'signing in could not be finished');
      if (connection === this.#connection) this.#drop('signing in could not be finished');
      return;
    }
    if (connection !== this.#connection) return;
    this.#watch(this.#options.clock.monotonic());
  }

  /** Ends a link that has fallen silent, and from time to time one that only polls. */
  #watch(since: number): void {
    const { clock } = this.#options;
    const silence = Math.max(LEAST_SILENCE_MS, this.#heartbeatMs * SILENT_HEARTBEATS);
    this.#timer(this.#heartbeatMs, () => {
      const now = clock.monotonic();
      if (now - this.#heardAt > silence) return this.#drop('nothing was heard');
      if (this.#transport?.kind === 'poll' && now - since > POLL_LIFE_MS) {
        this.#blocked = BLOCKED_TRIES - 1;
        this.#returnAfterMs = 0;
        return this.#drop('trying a WebSocket again');
      }
      this.#watch(since);
    });
  }

  #error(body: ControlMessages['error'], re: string | undefined): void {
    if (re === 'hello') {
      this.#options.log.error({ code: body.code }, `the control plane refuses this node: ${body.message}`);
      const kind = Object.values(linkErrors).find((known) => known.code === body.code);
      if (kind && !kind.retryable) this.#options.events.refused(new BacklotError(kind));
      return;
    }
    const error = new BacklotError(linkErrors.call_failed, {
      params: { method: body.code, reason: body.message },
    });
    if (re === undefined || !this.#pending.reject(re, error)) {
      this.#options.log.warn({ error: body }, 'the control plane reports a fault');
    }
  }

  /** Ends the present connection and goes on as if it had broken. */
  #drop(reason: string): void {
    const transport = this.#transport;
    this.#closed({ code: 1006, reason, blocked: false });
    transport?.close();
  }

  #closed(end: TransportEnd): void {
    const wasUp = this.#phase === 'signed-in';
    const byPoll = this.#transport?.kind === 'poll';
    this.#connection += 1;
    this.#phase = 'down';
    this.#transport = undefined;
    this.#cancelTimer?.();
    this.#pending.linkClosed();
    if (this.#closing.signal.aborted) return;
    this.#failures += 1;
    if (end.blocked) this.#blocked += 1;
    // Polling doesn't get through either: the next try is a WebSocket again.
    if (byPoll && !wasUp) this.#blocked = 0;
    const delay = this.#delay(end, wasUp);
    this.#options.log[wasUp ? 'warn' : 'debug'](
      { code: end.code, reason: end.reason, retryMs: delay },
      'the link to the control plane is down',
    );
    if (wasUp) this.#options.events.down(end.reason);
    this.#timer(delay, () => this.#connect());
  }

  #delay(end: TransportEnd, wasUp: boolean): number {
    if (this.#returnAfterMs !== undefined) return this.#returnAfterMs + retryDelay(1, this.#options.random());
    // Shown out while signed in, it asks once more at once, to be told why.
    if (end.code === linkCloseCodes.refused && !wasUp) return REFUSED_MS;
    // Two agents with one identity would throw each other out as fast as they can.
    if (end.code === linkCloseCodes.replaced) return 5_000 + retryDelay(10, this.#options.random());
    return retryDelay(this.#failures, this.#options.random());
  }

  #timer(ms: number, callback: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(ms, callback);
  }

  /**
   * The other end cuts a link that carries too large a message, and all that hangs on it: such a message is never sent.
   *
   * @throws link_message_too_large
   */
  #write(type: NodeMessageType, body: unknown, link: { id?: string; re?: string | undefined }): boolean {
    const text = encode(type, body, link);
    // No character of UTF-16 takes more than three bytes.
    const bytes = text.length * 3 <= linkMaxBytes ? 0 : Buffer.byteLength(text);
    if (bytes > linkMaxBytes) {
      throw new BacklotError(linkErrors.link_message_too_large, {
        params: { type, bytes, limit: linkMaxBytes },
      });
    }
    return this.#transport?.send(text) ?? false;
  }
}
