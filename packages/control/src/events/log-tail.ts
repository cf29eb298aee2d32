import type { Event } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/**
 * Reading a log that many transactions append to, in the order of its sequence numbers and without ever missing
 * one that commits late.
 *
 * A sequence number is taken when a row is written, but the row is seen only after the commit: number 12 may
 * appear before 11. A reader that goes on after 12 has lost 11. Skipping rows of transactions younger than the
 * oldest open one is not enough either: 11 may belong to a younger transaction than 12 does.
 *
 * So a reader goes on over consecutive numbers only, and stops at a gap. A gap is over when the missing row
 * appears, or when every transaction that had an id when we first saw a higher number has ended: whoever took the
 * missing number was one of them (`EventLog.append` sees to it that the transaction has its id before it takes a
 * number), so if the row is still not there it was rolled back.
 *
 * That bound is an id of our own, taken after the look. `pg_snapshot_xmax` would not do: it is one past the
 * newest transaction that has *ended*, and open ones may well be younger.
 */
export interface Checkpoint {
  /** The highest number seen at that time. */
  readonly seq: number;
  /** Every transaction that had taken a number by then has an id below this one. */
  readonly bound: bigint;
}

export interface TailState {
  /** Everything up to here has been read. */
  readonly cursor: number;
  /** What was seen beyond the cursor, and when; oldest first. */
  readonly checkpoints: readonly Checkpoint[];
}

/** One look at the log: rows after the cursor in order, as one snapshot saw them. */
export interface LogView<Row extends { readonly seq: number }> {
  readonly rows: readonly Row[];
  /** Every transaction with an id below this one has ended (pg_snapshot_xmin). */
  readonly xmin: bigint;
}

export interface Advance<Row> {
  /** May be read now. */
  readonly rows: readonly Row[];
  readonly state: TailState;
  /** There are more, but a gap before them is not settled yet. */
  readonly blocked: boolean;
  /** A number beyond the gap for which a checkpoint is to be made. */
  readonly unbounded: number | undefined;
}

/** Which of the rows may be read now. */
export function advance<Row extends { readonly seq: number }>(
  state: TailState,
  view: LogView<Row>,
): Advance<Row> {
  const settled = state.checkpoints.filter((checkpoint) => checkpoint.bound <= view.xmin);
  const horizon = settled.at(-1)?.seq ?? 0;
  let cursor = state.cursor;
  let count = 0;
  for (const { seq } of view.rows) {
    if (seq !== cursor + 1 && seq > horizon) break;
    cursor = seq;
    count += 1;
  }
  const checkpoints = state.checkpoints.filter((checkpoint) => checkpoint.seq > cursor);
  const highest = view.rows.at(-1)?.seq ?? 0;
  return {
    rows: view.rows.slice(0, count),
    state: { cursor, checkpoints },
    blocked: highest > cursor,
    unbounded: highest > (checkpoints.at(-1)?.seq ?? cursor) ? highest : undefined,
  };
}

/** An id that is higher than that of every transaction that has one. Uses up one id, so only a gap asks for it. */
export async function takeBound(db: Db): Promise<bigint> {
  const { rows } = await sql<{ id: string }>`SELECT pg_current_xact_id()::text AS id`.execute(db);
  return BigInt(rows[0]?.id ?? 0);
}

/** Looks at the log after a number. */
export async function viewLog(db: Db, after: number, limit: number): Promise<LogView<Event>> {
  const { rows } = await sql<{
    xmin: string;
    seq: number | null;
    id: string;
    at: Date;
    project_id: string | null;
    kind: string;
    subject_kind: string;
    subject_id: string;
    body: Record<string, unknown>;
  }>`
    SELECT pg_snapshot_xmin(now.snapshot)::text AS xmin, e.*
    FROM (SELECT pg_current_snapshot() AS snapshot) now
    LEFT JOIN LATERAL (
      SELECT seq, id, at, project_id, kind, subject_kind, subject_id, body
      FROM event WHERE seq > ${after} ORDER BY seq LIMIT ${limit}
    ) e ON true
    ORDER BY e.seq`.execute(db);
  const first = rows[0];
  return {
    rows: rows.flatMap((row) => (row.seq === null ? [] : [toEvent({ ...row, seq: row.seq })])),
    xmin: BigInt(first?.xmin ?? 0),
  };
}

/** An event as clients get it. */
export function toEvent(row: {
  readonly seq: number;
  readonly id: string;
  readonly at: Date;
  readonly project_id: string | null;
  readonly kind: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly body: Record<string, unknown>;
}): Event {
  return {
    seq: row.seq,
    id: row.id,
    at: row.at.toISOString(),
    projectId: row.project_id,
    kind: row.kind,
    subject: { kind: row.subject_kind, id: row.subject_id },
    body: row.body,
  };
}

/** Reads on from a number, remembering what it has seen beyond it. */
export class LogTail {
  readonly #db: Db;
  readonly #limit: number;
  #state: TailState;

  constructor(db: Db, cursor: number, limit = 500) {
    this.#db = db;
    this.#limit = limit;
    this.#state = { cursor, checkpoints: [] };
  }

  get cursor(): number {
    return this.#state.cursor;
  }

  /** What can be read now. `more`: look again at once; `blocked`: look again soon. */
  async read(): Promise<{ events: readonly Event[]; more: boolean; blocked: boolean }> {
    const view = await viewLog(this.#db, this.#state.cursor, this.#limit);
    const { rows, state, blocked, unbounded } = advance(this.#state, view);
    this.#state = state;
    if (unbounded !== undefined) {
      const checkpoint = { seq: unbounded, bound: await takeBound(this.#db) };
      this.#state = { ...state, checkpoints: [...state.checkpoints, checkpoint] };
    }
    return { events: rows, more: rows.length === this.#limit, blocked };
  }
}

/** The highest number there is, 0 for an empty log. */
export async function lastSeq(db: Db): Promise<number> {
  const row = await db
    .selectFrom('event')
    .select((query) => query.fn.max('seq').as('seq'))
    .executeTakeFirst();
  return row?.seq ?? 0;
}
