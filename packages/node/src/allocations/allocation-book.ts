import type { AllocationState, Output, ReportAck, StateReport } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import { Journal } from '../journal/journal.ts';
import { type AllocationFacts, apply, firstFacts, sameState } from './facts.ts';
import { JournalRecord } from './records.ts';
import { chunkOutputs } from './report-chunks.ts';

/** Between two tries to write to a disk that doesn't take it. */
const RETRY_MS = 1_000;

/**
 * The journal of one allocation with the facts that it adds up to. Nothing is known before it is on the disk: facts
 * change only when the record has been written, one record after the other.
 */
export class AllocationBook {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #facts: AllocationFacts;
  #tail: Promise<void> = Promise.resolve();

  private constructor(journal: Journal, facts: AllocationFacts, clock: Clock, log: Logger) {
    this.#journal = journal;
    this.#facts = facts;
    this.#clock = clock;
    this.#log = log;
  }

  /** Writes the offer down. Rejects when the disk doesn't take it; then the offer must not be accepted. */
  static async begin(
    path: string,
    offer: AllocationFacts['offer'],
    clock: Clock,
    log: Logger,
  ): Promise<AllocationBook> {
    const { journal } = await Journal.open(path);
    try {
      await journal.append({ r: 'accepted', offer } satisfies JournalRecord);
    } catch (error) {
      await journal.close();
      throw error;
    }
    return new AllocationBook(journal, firstFacts(offer), clock, log);
  }

  /** Reads what an earlier agent has written. @returns nothing when it never came to accepting the offer */
  static async resume(path: string, clock: Clock, log: Logger): Promise<AllocationBook | undefined> {
    const { journal, records } = await Journal.open(path);
    const [first, ...rest] = records.map((record) => JournalRecord.safeParse(record));
    if (!first?.success || first.data.r !== 'accepted') {
      await journal.close();
      return undefined;
    }
    let facts = firstFacts(first.data.offer);
    for (const record of rest) {
      // A record of a newer release, which was here before: what we don't know we can't act on.
      if (record.success) facts = apply(facts, record.data);
      else log.warn({ err: record.error, path }, 'a journal record was not understood');
    }
    return new AllocationBook(journal, facts, clock, log);
  }

  get facts(): AllocationFacts {
    return this.#facts;
  }

  /**
   * Adds a record, made from the facts as they are when its turn comes; nothing is added when there is none. Goes on
   * trying while the disk is full: what can't be written down must not be acted upon.
   */
  record(make: (facts: AllocationFacts) => JournalRecord | undefined): Promise<void> {
    const turn = this.#tail.then(async () => {
      const record = make(this.#facts);
      if (!record) return;
      await this.#append(record);
      this.#facts = apply(this.#facts, record);
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Writes a report with the next number. */
  report(
    make: (facts: AllocationFacts) => Omit<StateReport, 'allocation' | 'fence' | 'seq'> | undefined,
  ): Promise<void> {
    return this.record((facts) => {
      const body = make(facts);
      // After the end nothing more is told.
      if (!body || facts.state === 'ended') return undefined;
      const { allocation, fence } = facts.offer;
      return { r: 'report', report: { allocation, fence, seq: facts.lastSeq + 1, ...body } };
    });
  }

  /** Reports that it has come to a state, unless it was the last that was reported. */
  reached(state: AllocationState): Promise<void> {
    return this.report((facts) => (facts.state === state ? undefined : { state, outputs: [] }));
  }

  /** Reports finished outputs, in as many reports as they need, except those that were reported before. */
  async reportOutputs(outputs: readonly Output[]): Promise<void> {
    const fresh = outputs.filter(({ name }) => !this.#facts.committed.has(name));
    if (fresh.length === 0) return;
    for (const chunk of chunkOutputs(fresh)) {
      await this.report((facts) => ({ ...sameState(facts), outputs: chunk }));
    }
  }

  answered(seq: number, verdict: ReportAck['verdict'] | 'refused'): Promise<void> {
    return this.record(() => ({ r: 'acked', seq, verdict }));
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The journal is closed.'));
    await this.#tail;
    await this.#journal.close();
  }

  async #append(record: JournalRecord): Promise<void> {
    for (;;) {
      this.#closing.signal.throwIfAborted();
      try {
        await this.#journal.append(record);
        return;
      } catch (error) {
        this.#closing.signal.throwIfAborted();
        this.#log.error({ err: error, record: record.r }, 'the journal could not be written; trying again');
        await this.#clock.sleep(RETRY_MS, this.#closing.signal);
      }
    }
  }
}
