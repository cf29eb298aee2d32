import type { Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { RoomEventKind, RoomLogEntry } from '../../contract/api.ts';
import type { Rooms } from '../ports.ts';
import { tables } from '../tables.ts';
import { describeEvent, type RoomFact } from './describe-event.ts';

/** Facts of one room that are written together. */
const batchSize = 200;
/** A database that is away is asked again after this, in milliseconds. */
const againMs = 1_000;
/** Facts of one room that wait for the database; beyond it the oldest are lost, and the log says so. */
const mostWaiting = 5_000;
const keepDays = 30;
const sweepMs = 60 * 60_000;

type Table = {
  rooms_event: { room_id: string; seq: string; at: Date; kind: RoomEventKind; body: Record<string, unknown> };
};

/**
 * What happens in rooms, kept in order. Each fact gets the next number of its room in the transaction that stores it, beside
 * the kernel's event of the same content, which webhooks and pages are told of: so whoever receives them late or in
 * another order can put them right, and read again what is missing.
 */
export class RoomLog {
  readonly #kernel: Kernel;
  readonly #waiting = new Map<string, RoomFact[]>();
  /** Rooms that are being written just now. */
  readonly #writing = new Map<string, Promise<void>>();
  readonly #unsubscribe: () => void;
  #cancelSweep: () => void = () => undefined;
  readonly #stop = new AbortController();

  constructor(kernel: Kernel, rooms: Pick<Rooms, 'onEvent'>) {
    this.#kernel = kernel;
    this.#unsubscribe = rooms.onEvent((event) => {
      const fact = describeEvent(event);
      if (fact) this.append(fact);
    });
    this.#sweepLater();
  }

  /** Takes a fact in; it is written soon, after those of the same room that came before. */
  append(fact: RoomFact): void {
    if (this.#stop.signal.aborted) return;
    const { id } = fact.room;
    const waiting = this.#waiting.get(id) ?? [];
    waiting.push(fact);
    if (waiting.length > mostWaiting) {
      const lost = waiting.splice(0, waiting.length - mostWaiting);
      this.#kernel.log.error(
        { room: id, lost: lost.length },
        'events of a room are lost: the database is away',
      );
    }
    this.#waiting.set(id, waiting);
    if (!this.#writing.has(id)) {
      this.#writing.set(id, this.#drain(id));
    }
  }

  /** The log of a room after a number, oldest first, and the number of its newest entry. */
  async read(roomId: string, after: number, limit: number): Promise<{ items: RoomLogEntry[]; last: number }> {
    const { db } = this.#kernel;
    const room = await tables(db)
      .selectFrom('rooms_room')
      .select('event_seq')
      .where('id', '=', roomId)
      .executeTakeFirst();
    const rows = await db
      .withTables<Table>()
      .selectFrom('rooms_event')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('seq', '>', String(after))
      .orderBy('seq')
      .limit(limit)
      .execute();
    return {
      items: rows.map(({ seq, at, kind, body }) => ({ seq: Number(seq), at: at.toISOString(), kind, body })),
      last: Number(room?.event_seq ?? 0),
    };
  }

  /** Resolves when everything that was taken in is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#cancelSweep();
    // What has happened is still written, unless the database is away.
    const limit = new AbortController();
    await Promise.race([
      this.settled(),
      this.#kernel.clock.sleep(againMs, limit.signal).catch(() => undefined),
    ]);
    limit.abort();
    this.#stop.abort();
    await this.settled();
  }

  async #drain(roomId: string): Promise<void> {
    // A microtask later, so that what happens at once is written at once.
    await Promise.resolve();
    for (;;) {
      const waiting = this.#waiting.get(roomId) ?? [];
      if (waiting.length === 0 || this.#stop.signal.aborted) break;
      const batch = waiting.splice(0, batchSize);
      try {
        await this.#write(roomId, batch);
      } catch (error) {
        waiting.unshift(...batch);
        this.#kernel.log.warn({ err: error, room: roomId }, 'events of a room could not be written yet');
        await this.#kernel.clock.sleep(againMs, this.#stop.signal).catch(() => undefined);
      }
    }
    // In one step, so that nothing is taken in between and left lying.
    this.#waiting.delete(roomId);
    this.#writing.delete(roomId);
  }

  async #write(roomId: string, facts: readonly RoomFact[]): Promise<void> {
    const { events } = this.#kernel;
    await this.#kernel.transaction(async (tx) => {
      const room = await tables(tx)
        .updateTable('rooms_room')
        .set({ event_seq: sql<number>`event_seq + ${facts.length}` })
        .where('id', '=', roomId)
        .returning('event_seq')
        .executeTakeFirst();
      if (!room) return; // Its project is deleted, and so is everything of it.
      const first = Number(room.event_seq) - facts.length + 1;
      const rows = facts.map(({ kind, body }, index) => ({ seq: first + index, kind, body }));
      await sql`
        INSERT INTO rooms_event (room_id, seq, kind, body)
        SELECT ${roomId}::uuid, e.seq, e.kind, e.body
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS e (seq bigint, kind text, body jsonb)`.execute(
        tx,
      );
      await events.append(
        tx,
        facts.map(({ kind, body, room: { id, projectId } }, index) => ({
          projectId,
          kind,
          subject: { kind: 'room', id },
          body: { seq: first + index, ...body },
        })),
      );
    });
    events.wake();
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#kernel.clock.after(sweepMs, () => {
      void this.#sweep().finally(() => {
        if (!this.#stop.signal.aborted) this.#sweepLater();
      });
    });
  }

  async #sweep(): Promise<void> {
    await sql`DELETE FROM rooms_event WHERE at < now() - make_interval(days => ${keepDays})`
      .execute(this.#kernel.db)
      .catch((error: unknown) =>
        this.#kernel.log.warn({ err: error }, 'old events of rooms were not removed'),
      );
  }
}
