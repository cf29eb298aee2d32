import { randomBytes } from 'node:crypto';
import type { Call, ControlMessages, ControlMessageType, Hello, NodeMessages } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { linkErrors } from '@backlot/contract/errors/link';
import { linkCloseCodes } from '@backlot/contract/link/close-codes';
import { decode, encode, type Message } from '@backlot/contract/link/codec';
import { linkProtocol } from '@backlot/contract/link/envelope';
import { nodeMessages } from '@backlot/contract/link/messages';
import { PendingRequests } from '@backlot/contract/link/pending-requests';
import type { Logger } from 'pino';
import type { NodeSettings } from '../settings.ts';
import { Allowance } from './allowance.ts';
import { OrderedWork } from './ordered-work.ts';
import type { LinkTransport, TransportEvents } from './transport.ts';

/** A message that reaches the rooms behind the link; the handshake and answers are the session's own business. */
export type NodeMessage = Exclude<Message<typeof nodeMessages>, { t: 'hello' | 'result' | 'error' }>;

/** Who a session turned out to be. */
export interface SignedIn {
  readonly nodeId: string;
  readonly epoch: number;
  readonly bootId: string;
  readonly welcome: ControlMessages['welcome'];
}

/** What a session needs of the server that holds it. */
export interface SessionOwner {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: NodeSettings;
  /** Checks the proof and the epoch, and writes the sign-in down. Throws a `BacklotError` to refuse. */
  signIn(hello: Hello, nonce: string, session: NodeSession): Promise<SignedIn>;
  /** `welcome` has gone out. */
  signedIn(session: NodeSession): void;
  /** Handles one message; must not throw. Messages of one allocation come one after the other. */
  handle(session: NodeSession, message: NodeMessage): Promise<void>;
  closed(session: NodeSession, code: number, reason: string): void;
}

/** Steady rate and burst of messages, far above what an honest node needs. */
const MESSAGES = { perSecond: 200, burst: 1_000 };
const BYTES = { perSecond: 2 * 1024 * 1024, burst: 8 * 1024 * 1024 };
/** Malformed messages are answered; one who sends nothing else is cut off. */
const FAULTS = { perSecond: 0.2, burst: 20 };
/** Work of one node that may be open in the database before its link is read no further. */
const OPEN_WORK = { pause: 128, resume: 64 };

/**
 * One connection of one node, whatever carries it: challenge, sign-in, limits, requests and answers. A message that
 * fits nothing is answered with a typed `error` and forgotten; a flood waits on the sender's side.
 */
export class NodeSession implements TransportEvents {
  readonly #owner: SessionOwner;
  readonly #openedAt: number;
  readonly #nonce = randomBytes(24).toString('base64url');
  #transport: LinkTransport | undefined;
  #phase: 'challenged' | 'signing-in' | 'ready' | 'closed' = 'challenged';
  #identity: SignedIn | undefined;
  #heardAt: number;
  #messages: Allowance;
  #bytes: Allowance;
  #faults: Allowance;
  // Most sessions of an idle fleet never need these two.
  #pending: PendingRequests<unknown> | undefined;
  #work: OrderedWork | undefined;
  /** Reasons for not reading at the moment. */
  #stalls = 0;
  #workStalled = false;

  constructor(owner: SessionOwner) {
    const now = owner.clock.monotonic();
    this.#owner = owner;
    this.#openedAt = now;
    this.#heardAt = now;
    this.#messages = new Allowance(MESSAGES.perSecond, MESSAGES.burst, now);
    this.#bytes = new Allowance(BYTES.perSecond, BYTES.burst, now);
    this.#faults = new Allowance(FAULTS.perSecond, FAULTS.burst, now);
  }

  /** Begins: the node is challenged at once. */
  open(transport: LinkTransport): void {
    this.#transport = transport;
    this.#send('challenge', { nonce: this.#nonce, protocol: linkProtocol });
  }

  /** Present once the node has signed in. */
  get identity(): SignedIn | undefined {
    return this.#identity;
  }

  get ready(): boolean {
    return this.#phase === 'ready';
  }

  get address(): string {
    return this.#transport?.address ?? '';
  }

  get kind(): LinkTransport['kind'] {
    return this.#transport?.kind ?? 'websocket';
  }

  /** Sends a message. False when the node is not signed in or does not read. */
  send<T extends ControlMessageType>(
    type: T,
    body: ControlMessages[T],
    link: { readonly re?: string | undefined } = {},
  ): boolean {
    return this.#phase === 'ready' && this.#send(type, body, link);
  }

  /** A request of a workload to the node. @throws timed_out, node_not_connected, call_failed */
  async call(call: Call, signal?: AbortSignal): Promise<unknown> {
    if (this.#phase !== 'ready') throw new BacklotError(linkErrors.node_not_connected);
    this.#pending ??= new PendingRequests(this.#owner.clock);
    return this.#pending.request((id) => this.#send('call', call, { id }), {
      what: call.method,
      timeoutMs: call.deadlineMs,
      signal,
    });
  }

  /** Answers a message of the node that could not be done. */
  fail(re: string | undefined, error: unknown): void {
    const typed =
      error instanceof BacklotError
        ? error
        : new BacklotError(kernelErrors.internal, { params: { requestId: re ?? '' } });
    this.#send('error', { code: typed.code, message: typed.message }, { re });
  }

  /**
   * Called from time to time: pings, and closes what has fallen silent or never signed in. One timer for all
   * sessions instead of several for each.
   */
  tick(now: number): void {
    const { settings } = this.#owner;
    if (this.#phase === 'challenged' && now - this.#openedAt >= settings.helloMs) {
      this.close(linkCloseCodes.noHello, 'no hello in time');
    } else if (now - this.#heardAt >= settings.silenceMs) {
      this.close(linkCloseCodes.silent, 'nothing was heard');
    } else if (now - this.#heardAt >= settings.pingMs) {
      this.#transport?.ping();
    }
  }

  close(code: number, reason: string): void {
    this.#transport?.close(code, reason);
    this.closed(code, reason);
  }

  /** Resolves when nothing that the node has sent is being worked on. */
  async settled(): Promise<void> {
    await this.#work?.idle();
  }

  message(text: string): void {
    if (this.#phase === 'closed') return;
    const now = this.#owner.clock.monotonic();
    this.#heardAt = now;
    const wait = Math.max(this.#messages.take(1, now), this.#bytes.take(text.length, now));
    if (wait > 0) this.#stallFor(wait);

    const decoded = decode(text, nodeMessages);
    if (!decoded.ok) {
      // An error about an error would go back and forth for ever.
      if (decoded.t !== 'error') this.fail(decoded.id, decoded.error);
      this.#owner.log.debug({ nodeId: this.#identity?.nodeId, err: decoded.error }, 'malformed link message');
      if (this.#faults.take(1, now) > 0) this.close(linkCloseCodes.policy, 'too many malformed messages');
      return;
    }
    this.#dispatch(decoded.message);
  }

  alive(): void {
    this.#heardAt = this.#owner.clock.monotonic();
  }

  closed(code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#pending?.linkClosed();
    this.#owner.closed(this, code, reason);
  }

  #dispatch(message: Message<typeof nodeMessages>): void {
    if (message.t === 'result' || message.t === 'error') {
      this.#answered(message);
    } else if (message.t === 'hello') {
      if (this.#phase === 'challenged') void this.#signIn(message.b, message.id);
      else this.#unexpected(message);
    } else if (this.#phase !== 'ready') {
      this.#unexpected(message);
    } else {
      this.#handle(message);
    }
  }

  #answered(message: { t: 'result' | 'error'; b: unknown; re?: string }): void {
    if (message.re === undefined) {
      if (message.t === 'error') {
        this.#owner.log.warn(
          { nodeId: this.#identity?.nodeId, error: message.b },
          'the node reports a fault',
        );
      }
      return;
    }
    if (message.t === 'result') {
      this.#pending?.resolve(message.re, (message.b as NodeMessages['result']).payload);
    } else {
      const { code, message: reason } = message.b as NodeMessages['error'];
      this.#pending?.reject(
        message.re,
        new BacklotError(linkErrors.call_failed, { params: { method: code, reason } }),
      );
    }
  }

  #unexpected(message: { t: string; id?: string }): void {
    this.fail(
      message.id,
      new BacklotError(linkErrors.link_message_unexpected, { params: { type: message.t } }),
    );
    if (this.#phase === 'challenged') this.close(linkCloseCodes.noHello, 'the first message must be hello');
  }

  async #signIn(hello: Hello, id: string | undefined): Promise<void> {
    this.#phase = 'signing-in';
    try {
      const identity = await this.#owner.signIn(hello, this.#nonce, this);
      if (this.#isClosed()) return;
      this.#identity = identity;
      this.#phase = 'ready';
      this.#send('welcome', identity.welcome, { re: id });
      this.#owner.signedIn(this);
    } catch (error) {
      if (this.#isClosed()) return;
      this.fail(id, error);
      const refused = error instanceof BacklotError && !error.kind.retryable;
      if (refused) this.close(linkCloseCodes.refused, error.code);
      else {
        this.#owner.log.warn({ err: error, nodeId: hello.nodeId }, 'a node could not sign in');
        this.close(linkCloseCodes.overloaded, 'try again');
      }
    }
  }

  /** The phase may have changed while something was awaited; a method keeps the compiler from knowing better. */
  #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #handle(message: NodeMessage): void {
    this.#work ??= new OrderedWork();
    const work = this.#work;
    work.run(orderKey(message), async () => {
      try {
        await this.#owner.handle(this, message);
      } finally {
        if (this.#workStalled && work.open <= OPEN_WORK.resume) {
          this.#workStalled = false;
          this.#resume();
        }
      }
    });
    if (!this.#workStalled && work.open > OPEN_WORK.pause) {
      this.#workStalled = true;
      this.#pause();
    }
  }

  #stallFor(ms: number): void {
    this.#pause();
    this.#owner.clock.after(ms, () => this.#resume());
  }

  #pause(): void {
    this.#stalls += 1;
    if (this.#stalls === 1) this.#transport?.pause();
  }

  #resume(): void {
    this.#stalls -= 1;
    if (this.#stalls === 0 && this.#phase !== 'closed') this.#transport?.resume();
  }

  #send(
    type: ControlMessageType,
    body: unknown,
    link: { id?: string; re?: string | undefined } = {},
  ): boolean {
    return this.#transport?.send(encode(type, body, link)) ?? false;
  }
}

/** Messages with the same key are handled in the order they came. */
function orderKey(message: NodeMessage): string {
  switch (message.t) {
    case 'accept':
    case 'reject':
    case 'state':
      return message.b.allocation;
    case 'heartbeat':
      // Only the newest counts: they need no order among themselves, but not two at once.
      return 'heartbeat';
    case 'inventory':
      return 'inventory';
    default:
      return message.id ?? message.t;
  }
}
