import type { Store } from '../db/database.ts';
import type { Tx } from '../db/schema.ts';
import type { EventDraft, EventLog } from '../kernel.ts';
import { Ledger } from './ledger.ts';
import { UsageBook } from './usage-book.ts';

/** Why the scheduler should look again. */
export type WakeReason = 'task-ready' | 'slot-free' | 'node-changed' | 'policy-changed';

/** What a change needs of the world. */
export interface ChangeDeps {
  readonly store: Pick<Store, 'transaction'>;
  readonly events: EventLog;
  readonly wake: (why: WakeReason) => void;
}

/**
 * One transaction that moves tasks, jobs and allocations. Everything that changes their states goes through one of
 * these, so that counters, events and follow-ups can't be forgotten.
 *
 * **Order of locks**, the same everywhere, so that two changes never wait for each other: jobs by id, then tasks,
 * then allocations, then usage by node id (GPUs by node and index). Whoever holds a job's row owns all of its tasks.
 */
export class Change {
  readonly tx: Tx;
  readonly ledger: Ledger;
  readonly usage: UsageBook;
  readonly events: EventDraft[] = [];
  readonly #effects: (() => void)[] = [];
  readonly #wakes = new Set<WakeReason>();

  constructor(tx: Tx) {
    this.tx = tx;
    this.ledger = new Ledger(tx, this.events);
    this.usage = new UsageBook(tx);
  }

  /** Does something once the transaction is durable: sends a message, counts a metric. May never happen. */
  afterCommit(effect: () => void): void {
    this.#effects.push(effect);
  }

  wake(why: WakeReason): void {
    this.#wakes.add(why);
  }

  /** Writes what is still in memory. Nothing may be changed afterwards. */
  async finish(events: EventLog): Promise<void> {
    await this.ledger.write();
    await this.usage.write();
    if (this.events.length > 0) await events.append(this.tx, this.events);
  }

  /** Tells the others. After the commit; a listener that throws doesn't keep the rest from being told. */
  announce({ events, wake }: Pick<ChangeDeps, 'events' | 'wake'>): void {
    if (this.events.length > 0) events.wake();
    for (const why of this.#wakes) wake(why);
    for (const effect of this.#effects) effect();
  }
}

/**
 * Runs a change in a transaction of its own (repeated when it collides with another), or inside the caller's. In
 * the latter case others are told before the caller commits: what they miss, their sweeps find within a second.
 */
export async function runChange<T>(
  deps: ChangeDeps,
  work: (change: Change) => Promise<T>,
  outer?: Tx,
): Promise<T> {
  const run = async (tx: Tx) => {
    const change = new Change(tx);
    const value = await work(change);
    await change.finish(deps.events);
    return { change, value };
  };
  const { change, value } = outer ? await run(outer) : await deps.store.transaction(run);
  change.announce(deps);
  return value;
}
