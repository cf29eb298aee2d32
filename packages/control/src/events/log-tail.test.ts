import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import fc from 'fast-check';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalFabric } from '../fabric/local-fabric.ts';
import { createEventLog } from './event-log.ts';
import { advance, LogTail, type TailState, viewLog } from './log-tail.ts';

/** What a schedule of transactions does, step by step. */
type Step =
  | { readonly kind: 'write'; readonly transaction: number }
  | { readonly kind: 'end'; readonly transaction: number; readonly commit: boolean }
  | { readonly kind: 'look'; readonly limit: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), transaction: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      transaction: fc.nat(5),
      commit: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('look' as const), limit: fc.integer({ min: 1, max: 6 }) }),
  },
);

/** A log as PostgreSQL keeps it, small enough to try every order of things. */
class ModelLog {
  #nextSeq = 1;
  #nextXid = 100n;
  readonly #open = new Map<number, { xid: bigint; rows: number[] }>();
  readonly committed: number[] = [];

  write(transaction: number): void {
    const open = this.#open.get(transaction) ?? { xid: this.#nextXid++, rows: [] };
    open.rows.push(this.#nextSeq++);
    this.#open.set(transaction, open);
  }
  end(transaction: number, commit: boolean): void {
    const open = this.#open.get(transaction);
    if (open && commit) this.committed.push(...open.rows);
    this.#open.delete(transaction);
  }
  endAll(): void {
    for (const transaction of [...this.#open.keys()]) this.end(transaction, transaction % 2 === 0);
  }
  /** As `takeBound`: an id of the reader's own, which ends at once. */
  bound(): bigint {
    return this.#nextXid++;
  }
  view(after: number, limit: number) {
    // Ids are given in order and kept in order, so the first open one is the oldest.
    const xmin = [...this.#open.values()][0]?.xid ?? this.#nextXid;
    const rows = this.committed.filter((seq) => seq > after).sort((a, b) => a - b);
    return { rows: rows.slice(0, limit).map((seq) => ({ seq })), xmin };
  }
}

describe('reading on in the log', () => {
  it('takes every committed row once and in order, however transactions interleave', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const log = new ModelLog();
        let state: TailState = { cursor: 0, checkpoints: [] };
        const read: number[] = [];
        const look = (limit: number) => {
          const result = advance(state, log.view(state.cursor, limit));
          state = result.state;
          if (result.unbounded !== undefined) {
            const checkpoint = { seq: result.unbounded, bound: log.bound() };
            state = { ...state, checkpoints: [...state.checkpoints, checkpoint] };
          }
          read.push(...result.rows.map(({ seq }) => seq));
          return result;
        };
        for (const one of steps) {
          if (one.kind === 'write') log.write(one.transaction);
          else if (one.kind === 'end') log.end(one.transaction, one.commit);
          else look(one.limit);
        }
        log.endAll();
        for (let tries = 0; tries < 200; tries += 1) look(3);
        expect(read).toEqual([...log.committed].sort((a, b) => a - b));
      }),
      { numRuns: 2_000 },
    );
  });

  it('waits at a gap whose transaction is open, although later rows of older transactions are there', () => {
    const first = advance({ cursor: 9, checkpoints: [] }, { rows: [{ seq: 11 }], xmin: 101n });
    expect(first).toMatchObject({ rows: [], blocked: true, unbounded: 11 });
    const state = { cursor: 9, checkpoints: [{ seq: 11, bound: 103n }] };
    const still = advance(state, { rows: [{ seq: 11 }], xmin: 101n });
    expect(still).toMatchObject({ rows: [], blocked: true, unbounded: undefined });
    const filled = advance(state, { rows: [{ seq: 10 }, { seq: 11 }], xmin: 102n });
    expect(filled.rows.map(({ seq }) => seq)).toEqual([10, 11]);
  });

  it('goes over a gap once everybody who could fill it has ended', () => {
    const state = { cursor: 9, checkpoints: [{ seq: 11, bound: 103n }] };
    const later = advance(state, { rows: [{ seq: 11 }, { seq: 13 }], xmin: 103n });
    expect(later.rows.map(({ seq }) => seq)).toEqual([11]);
    expect(later).toMatchObject({ blocked: true, unbounded: 13 });
  });
});

describe('on a real database', () => {
  let database: TestDatabase;
  const log = createEventLog(createLocalFabric({ log: pino({ level: 'silent' }) }));
  beforeAll(async () => {
    database = await createTestDatabase({ connections: 20 });
  });
  afterAll(() => database.close());

  const draft = (id: string) => ({ projectId: null, kind: 'test.made', subject: { kind: 'test', id } });

  it('gives a transaction its id before it takes a number', async () => {
    await database.store.transaction(async (tx) => {
      await log.append(tx, [draft('first')]);
      const { rows } = await sql<{ same: boolean }>`
        SELECT txid = pg_current_xact_id() AS same FROM event WHERE subject_id = 'first'`.execute(tx);
      expect(rows).toEqual([{ same: true }]);
    });
    const { rows } = await sql<{ plan: string }>`
      EXPLAIN (VERBOSE, FORMAT TEXT) INSERT INTO event (id, txid, kind, subject_kind, subject_id)
      SELECT gen_random_uuid(), mine.txid, 'a', 'b', 'c' FROM (SELECT pg_current_xact_id() AS txid OFFSET 0) mine
    `.execute(database.db);
    // The sequence is asked above the node that yields the transaction's id, hence after it.
    expect(JSON.stringify(rows).indexOf('nextval')).toBeLessThan(
      JSON.stringify(rows).indexOf('pg_current_xact_id'),
    );
  });

  it('keeps the order of the drafts of one call', async () => {
    await database.store.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: 50 }, (_, index) => draft(`ordered-${index}`)),
      ),
    );
    const rows = await database.db
      .selectFrom('event')
      .select('subject_id')
      .where('subject_id', 'like', 'ordered-%')
      .orderBy('seq')
      .execute();
    expect(rows.map((row) => row.subject_id)).toEqual(
      Array.from({ length: 50 }, (_, index) => `ordered-${index}`),
    );
  });

  it('misses nothing while 16 writers commit late and roll back', async () => {
    const start = (await viewLog(database.db, 0, 1_000)).rows.at(-1)?.seq ?? 0;
    const tail = new LogTail(database.db, start, 50);
    const committed: string[] = [];
    let writing = true;
    const writer = async (name: number) => {
      for (let round = 0; round < 25; round += 1) {
        const ids = [0, 1].map((part) => `w${name}-${round}-${part}`);
        const rollBack = (name + round) % 5 === 0;
        try {
          await database.store.transaction(async (tx) => {
            await log.append(tx, [draft(ids[0] ?? '')]);
            await sql`SELECT pg_sleep(${((name * 7 + round * 3) % 11) / 1000})`.execute(tx);
            await log.append(tx, [draft(ids[1] ?? '')]);
            if (rollBack) throw new Error('changed my mind');
          });
          committed.push(...ids);
        } catch (error) {
          if (!rollBack) throw error;
        }
      }
    };
    const seen: { seq: number; id: string }[] = [];
    const reader = async () => {
      for (;;) {
        const done = !writing;
        const { events, more, blocked } = await tail.read();
        seen.push(...events.map((event) => ({ seq: event.seq, id: event.subject.id })));
        if (done && !more && !blocked) return;
      }
    };
    const reading = reader();
    await Promise.all(Array.from({ length: 16 }, (_, name) => writer(name)));
    writing = false;
    await reading;
    expect(seen.map(({ id }) => id).sort()).toEqual(committed.sort());
    expect(seen.every(({ seq }, index) => index === 0 || seq > (seen[index - 1]?.seq ?? 0))).toBe(true);
  });
});
