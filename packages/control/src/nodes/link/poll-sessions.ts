import { randomBytes } from 'node:crypto';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { type PollAnswer, type PollRequest, pollMaxMessages } from '@backlot/contract/link/poll';
import type { LinkTransport, TransportEvents } from './transport.ts';

/** Messages and characters waiting for a node before nothing new is taken. */
const FULL = { messages: 1_000, characters: linkMaxBytes };
/** A session whose node does not poll for this long is over. */
const ABANDONED_MS = 45_000;
/** How long the end of a session is remembered, so that the node can be told why. */
const EPITAPH_MS = 60_000;

interface PollSession {
  readonly events: TransportEvents;
  /** Messages for the node that it has not confirmed yet; the first has number `first`. */
  readonly outgoing: string[];
  first: number;
  characters: number;
  /** Messages of the node taken in so far. */
  received: number;
  polledAt: number;
  closed: { code: number; reason: string } | undefined;
  /** Ends the hold of the request that waits now. */
  wake: (() => void) | undefined;
}

/** Makes the session that runs over a transport; given the transport so that it can answer. */
export type OpenSession = (transport: (events: TransportEvents) => LinkTransport) => void;

/**
 * Links over plain HTTP. A session lives in this process only: when a request meets another replica, or this one has
 * restarted, the node is told to open a new one, as it would after a broken socket.
 */
export class PollSessions {
  readonly #sessions = new Map<string, PollSession>();
  readonly #clock: Clock;
  readonly #limit: number;

  constructor(clock: Clock, limit = 10_000) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /**
   * One round: takes the node's messages in, waits until there is something to say or `holdMs` have passed, answers.
   *
   * @param open called for a request without session
   * @throws link_session_unknown, link_busy
   */
  async poll(
    request: PollRequest,
    address: string,
    open: OpenSession,
    signal: AbortSignal,
  ): Promise<PollAnswer> {
    const key = request.session ?? this.#open(address, open);
    const session = this.#sessions.get(key);
    if (!session) throw new BacklotError(linkErrors.link_session_unknown);
    session.polledAt = this.#clock.monotonic();
    session.events.alive();
    this.#confirm(session, request.received);
    this.#take(session, request);
    // Of two requests at once the newer one is the node's present one; the older is answered empty.
    session.wake?.();
    if (session.outgoing.length === 0 && !session.closed && request.session !== null) {
      await this.#hold(session, request.holdMs, signal);
    }
    return this.#answer(key, session);
  }

  /** Ends sessions whose nodes have stopped polling. */
  tick(): void {
    const now = this.#clock.monotonic();
    for (const [key, session] of this.#sessions) {
      const silent = now - session.polledAt;
      if (session.closed ? silent > EPITAPH_MS : silent > ABANDONED_MS && !session.wake) {
        this.#sessions.delete(key);
        if (!session.closed) session.events.closed(1006, 'stopped polling');
      }
    }
  }

  get size(): number {
    return this.#sessions.size;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.wake?.();
    this.#sessions.clear();
  }

  #open(address: string, open: OpenSession): string {
    if (this.#sessions.size >= this.#limit) throw new BacklotError(linkErrors.link_busy, { retryAfterS: 5 });
    const key = randomBytes(24).toString('base64url');
    open((events) => {
      const session: PollSession = {
        events,
        outgoing: [],
        first: 0,
        characters: 0,
        received: 0,
        polledAt: this.#clock.monotonic(),
        closed: undefined,
        wake: undefined,
      };
      this.#sessions.set(key, session);
      return this.#transport(session, address);
    });
    return key;
  }

  #transport(session: PollSession, address: string): LinkTransport {
    return {
      kind: 'poll',
      address,
      send(text) {
        if (session.closed || session.outgoing.length >= FULL.messages) return false;
        if (session.characters + text.length > FULL.characters && session.outgoing.length > 0) return false;
        session.outgoing.push(text);
        session.characters += text.length;
        session.wake?.();
        return true;
      },
      // The next request is the node's to send; how many messages one may hold is limited already.
      pause: () => undefined,
      resume: () => undefined,
      ping: () => undefined,
      close(code, reason) {
        session.closed ??= { code, reason };
        session.wake?.();
      },
    };
  }

  #confirm(session: PollSession, received: number): void {
    const confirmed = Math.min(Math.max(received - session.first, 0), session.outgoing.length);
    for (const text of session.outgoing.splice(0, confirmed)) session.characters -= text.length;
    session.first += confirmed;
  }

  #take(session: PollSession, request: PollRequest): void {
    request.messages.forEach((message, index) => {
      if (request.first + index !== session.received || session.closed) return;
      session.received += 1;
      session.events.message(JSON.stringify(message));
    });
  }

  #hold(session: PollSession, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        if (session.wake === done) session.wake = undefined;
        resolve();
      };
      const cancel = this.#clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
      session.wake = done;
      if (signal.aborted) done();
    });
  }

  #answer(key: string, session: PollSession): PollAnswer {
    const texts = session.outgoing.slice(0, pollMaxMessages);
    return {
      session: key,
      first: session.first,
      received: session.received,
      messages: texts.map((text): unknown => JSON.parse(text)),
      ...(session.closed && texts.length === session.outgoing.length ? { closed: session.closed } : {}),
    };
  }
}
