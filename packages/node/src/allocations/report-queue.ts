import type { ReportAck, StateReport } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import type { Logger } from 'pino';
import type { Answer } from '../link/link-client.ts';

/** What the queue needs of the link. */
export interface ReportLink {
  request(
    type: 'accept' | 'state',
    body: StateReport | Pick<StateReport, 'allocation' | 'fence'>,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Answer>;
}

/** What is to be told next; kept by whoever holds the journal. */
export interface ReportSource {
  readonly allocation: string;
  readonly fence: number;
  /** `accept` until it has been answered, then the oldest unanswered report; nothing when all is told. */
  next(): 'accept' | StateReport | undefined;
  /** Resolves when the answer is in the journal. */
  answered(seq: number, verdict: ReportAck['verdict'] | 'refused'): Promise<void>;
}

export interface ReportQueueOptions {
  readonly link: ReportLink;
  readonly source: ReportSource;
  readonly clock: Clock;
  readonly log: Logger;
}

const ANSWER_MS = 20_000;
const PAUSE_MS = { first: 200, longest: 5_000 };
/** A report that the control plane can't make sense of, so many times, is given up. */
const REFUSALS = 5;
/** Codes of answers that no repetition will change. */
const SENSELESS = new Set(['link_message_malformed', 'link_message_too_large', 'report_out_of_order']);

/**
 * Tells the control plane what is in the journal, one after the other: the next report goes out when the one before
 * has been answered, so they arrive in order, and sending one twice is harmless. Waits while there is no link.
 */
export class ReportQueue {
  readonly #options: ReportQueueOptions;
  readonly #abort = new AbortController();
  #running = false;
  #wake: (() => void) | undefined;

  constructor(options: ReportQueueOptions) {
    this.#options = options;
  }

  /** There is something to tell, or the link is back. */
  kick(): void {
    this.#wake?.();
    if (this.#running || this.#abort.signal.aborted) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      // Something came between the last look and the end.
      if (this.#options.source.next() && !this.#abort.signal.aborted) this.kick();
    });
  }

  close(): void {
    this.#abort.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { source, log } = this.#options;
    let failures = 0;
    let refusals = 0;
    while (!this.#abort.signal.aborted) {
      const next = source.next();
      if (!next) return;
      const seq = next === 'accept' ? 0 : next.seq;
      try {
        const answer = await this.#ask(next);
        if (answer.t !== 'ack') throw new Error(`A report was answered by ${answer.t}.`);
        await source.answered(seq, answer.b.verdict);
        failures = 0;
        refusals = 0;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        failures += 1;
        // What the control plane refuses has its code in the parameters of ours.
        const code = error instanceof BacklotError ? String(error.params.method ?? error.code) : '';
        refusals += SENSELESS.has(code) ? 1 : 0;
        log.debug({ err: error, allocation: source.allocation, seq }, 'a report was not answered');
        if (refusals >= REFUSALS) {
          log.error({ err: error, allocation: source.allocation, seq }, 'a report is given up');
          refusals = 0;
          await source.answered(seq, 'refused').catch(() => undefined);
        } else {
          await this.#pause(Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** (failures - 1)));
        }
      }
    }
  }

  #ask(next: 'accept' | StateReport): Promise<Answer> {
    const { link, source } = this.#options;
    const options = { timeoutMs: ANSWER_MS, signal: this.#abort.signal };
    const { allocation, fence } = source;
    return next === 'accept'
      ? link.request('accept', { allocation, fence }, options)
      : link.request('state', next, options);
  }

  /** Ends early when the link is back. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#options.clock.after(ms, done);
      this.#wake = done;
    });
  }
}
