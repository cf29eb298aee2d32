import type { Clock, Event } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from '../db/database.ts';
import type { Db, Tx } from '../db/schema.ts';
import { LogTail, lastSeq } from './log-tail.ts';
import type { Waker } from './waker.ts';

export interface LogFollowerOptions {
  /** Under which its place in the log is remembered. */
  readonly name: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Woken when there may be something new. */
  readonly waker: Waker;
  /**
   * Takes events in order and remembers how far it came with `save`, in the transaction of what it did with them
   * or after it. What is not saved comes again.
   */
  handle(
    events: readonly Event[],
    save: (db: Db | Tx, seq: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Told when the log could not be read or handled, and when it works again (undefined). */
  onTrouble?(error: unknown): void;
}

const sweepMs = 5_000;
const gapMs = 20;
const errorPauseMs = 2_000;

/** Follows the event log from where this follower stopped last, on whichever replica leads it. At least once. */
export class LogFollower {
  readonly #options: LogFollowerOptions;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  /** Follows until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, waker, log, name } = this.#options;
    const save = (db: Db | Tx, seq: number) => this.#save(db, seq);
    let tail: LogTail | undefined;
    while (!signal.aborted) {
      try {
        tail ??= new LogTail(store.db, await this.#begin());
        const { events, more, blocked } = await tail.read();
        if (events.length > 0) await this.#options.handle(events, save, signal);
        this.#options.onTrouble?.(undefined);
        if (!more) await waker.wait(blocked ? gapMs : sweepMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, follower: name }, 'a follower of the event log failed; it tries again');
        this.#options.onTrouble?.(error);
        tail = undefined; // It has read on; what it did not handle comes again from the saved place.
        await clock.sleep(errorPauseMs, signal).catch(() => undefined);
      }
    }
  }

  /** Where to go on; a new follower begins with what happens from now on. */
  async #begin(): Promise<number> {
    const { store, name } = this.#options;
    await store.db
      .insertInto('event_cursor')
      .values({ name, seq: await lastSeq(store.db) })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    const row = await store.db
      .selectFrom('event_cursor')
      .select('seq')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    return row.seq;
  }

  async #save(db: Db | Tx, seq: number): Promise<void> {
    await db
      .updateTable('event_cursor')
      .set({ seq, updated_at: sql<Date>`now()` })
      .where('name', '=', this.#options.name)
      .where('seq', '<', seq)
      .execute();
  }
}
