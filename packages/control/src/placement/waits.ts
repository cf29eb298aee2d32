import type { Reason } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** A task's reason is rewritten at most this often, however the numbers in it move. Milliseconds. */
const rewriteMs = 3_000;
/** Reasons in one statement. */
const batch = 500;

interface Written {
  readonly text: string;
  readonly at: number;
}

/**
 * Writes why tasks wait: to the first task of each group that is stuck, when the reason has changed. Tasks behind it
 * wait for the same and say so when they are read (`task-view.ts`); so a queue of any length costs one row for each
 * thing that is waited for.
 */
export class WaitWriter {
  readonly #db: Db;
  readonly #monotonic: () => number;
  readonly #written = new Map<string, Written>();

  /** @param db connections that don't wait for the disk: a lost reason is written again */
  constructor(db: Db, monotonic: () => number) {
    this.#db = db;
    this.#monotonic = monotonic;
  }

  /** Takes the reasons of one round; what is not among them any more is wiped. */
  async write(reasons: ReadonlyMap<string, Reason>): Promise<void> {
    const now = this.#monotonic();
    const rows: { id: string; wait: Reason | null }[] = [];
    for (const [id, wait] of reasons) {
      const text = JSON.stringify(wait);
      const known = this.#written.get(id);
      if (known && (known.text === text || now - known.at < rewriteMs)) continue;
      rows.push({ id, wait });
      this.#written.set(id, { text, at: now });
    }
    for (const id of this.#written.keys()) {
      if (reasons.has(id)) continue;
      this.#written.delete(id);
      rows.push({ id, wait: null });
    }
    for (let start = 0; start < rows.length; start += batch) {
      await this.#writeRows(rows.slice(start, start + batch));
    }
  }

  /** SKIP LOCKED: whoever holds a task is just changing why it waits. */
  async #writeRows(rows: readonly { id: string; wait: Reason | null }[]): Promise<void> {
    await sql`
      WITH news AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS n(id uuid, wait jsonb)
      ), locked AS MATERIALIZED (
        SELECT t.id FROM task t JOIN news n ON n.id = t.id WHERE t.state = 'queued'
        FOR NO KEY UPDATE OF t SKIP LOCKED
      )
      UPDATE task t SET wait = nullif(news.wait, 'null') FROM locked JOIN news ON news.id = locked.id
      WHERE t.id = locked.id
    `.execute(this.#db);
  }
}
