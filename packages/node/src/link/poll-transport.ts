import type { Clock } from '@backlot/contract/clock';
import { Problem } from '@backlot/contract/errors/catalogue';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { PollAnswer, type PollRequest, pollHoldMs, pollMaxMessages } from '@backlot/contract/link/poll';
import type { Transport, TransportEvents } from './transport.ts';

/** On top of the time that the server holds the answer. */
const ANSWER_MS = 15_000;
/** A round that fails is repeated; the numbering makes that harmless. After these the session is given up. */
const FAILED_ROUNDS = 3;
const ROUND_PAUSE_MS = 1_000;
/** Messages waiting to be sent. */
const FULL_MESSAGES = 5_000;

/** The link over plain HTTP: one request is always open, and is replaced as soon as there is something to say. */
export function openPoll(controlUrl: string, clock: Clock, events: TransportEvents): Transport {
  return new PollTransport(new URL('/api/v1/node/poll', controlUrl).toString(), clock, events);
}

class PollTransport implements Transport {
  readonly kind = 'poll';
  readonly #url: string;
  readonly #clock: Clock;
  readonly #events: TransportEvents;
  readonly #gone = new AbortController();
  /** Messages not confirmed yet; the first has number `#first`. */
  readonly #outgoing: string[] = [];
  #first = 0;
  #received = 0;
  #session: string | null = null;
  /** Ends the present hold, because there is something to say. */
  #interrupt: AbortController | undefined;
  /** How many of the waiting messages the present round carries. */
  #carried = 0;

  constructor(url: string, clock: Clock, events: TransportEvents) {
    this.#url = url;
    this.#clock = clock;
    this.#events = events;
    void this.#run();
  }

  send(text: string): boolean {
    if (this.#gone.signal.aborted || this.#outgoing.length >= FULL_MESSAGES) return false;
    this.#outgoing.push(text);
    // A round that carries nothing is only waiting; one that carries something will come back soon.
    if (this.#carried === 0) this.#interrupt?.abort();
    return true;
  }

  close(): void {
    this.#end(1000, 'closed', false);
  }

  async #run(): Promise<void> {
    let failed = 0;
    while (!this.#gone.signal.aborted) {
      try {
        const answer = await this.#round();
        failed = 0;
        if (answer) this.#take(answer);
      } catch (error) {
        if (this.#gone.signal.aborted) return;
        failed += 1;
        const ended = error instanceof SessionEnded;
        if (ended || failed >= FAILED_ROUNDS || this.#session === null) {
          this.#end(1006, error instanceof Error ? error.message : String(error), false);
          return;
        }
        await this.#clock.sleep(ROUND_PAUSE_MS, this.#gone.signal).catch(() => undefined);
      }
    }
  }

  /** One request. @returns nothing when it was interrupted to say something */
  async #round(): Promise<PollAnswer | undefined> {
    const batch = this.#batch();
    const interrupt = new AbortController();
    this.#interrupt = interrupt;
    this.#carried = batch.length;
    const request: PollRequest = {
      session: this.#session,
      first: this.#first,
      received: this.#received,
      messages: batch.map((text): unknown => JSON.parse(text)),
      // With something to say the answer is wanted at once, so that the confirmation comes back.
      holdMs: batch.length > 0 ? 0 : pollHoldMs,
    };
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.any([
          this.#gone.signal,
          interrupt.signal,
          AbortSignal.timeout(request.holdMs + ANSWER_MS),
        ]),
        redirect: 'error',
      });
      const body: unknown = await response.json();
      if (response.ok) return PollAnswer.parse(body);
      const problem = Problem.safeParse(body);
      const message = problem.success ? problem.data.detail : `status ${response.status}`;
      throw response.status === 410 ? new SessionEnded(message) : new Error(message);
    } catch (error) {
      if (interrupt.signal.aborted && !this.#gone.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#interrupt = undefined;
      this.#carried = 0;
    }
  }

  #batch(): string[] {
    const batch: string[] = [];
    let size = 0;
    for (const text of this.#outgoing) {
      size += text.length;
      if (batch.length === pollMaxMessages || (batch.length > 0 && size > linkMaxBytes)) break;
      batch.push(text);
    }
    return batch;
  }

  #take(answer: PollAnswer): void {
    this.#session = answer.session;
    const confirmed = Math.min(Math.max(answer.received - this.#first, 0), this.#outgoing.length);
    this.#outgoing.splice(0, confirmed);
    this.#first += confirmed;
    answer.messages.forEach((message, index) => {
      if (answer.first + index !== this.#received) return;
      this.#received += 1;
      this.#events.message(JSON.stringify(message));
    });
    if (answer.closed) this.#end(answer.closed.code, answer.closed.reason, false);
  }

  #end(code: number, reason: string, blocked: boolean): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    this.#events.closed({ code, reason, blocked });
  }
}

/** The server does not know the session any more. */
class SessionEnded extends Error {}
