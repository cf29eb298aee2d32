import type { Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import { tables } from '../tables.ts';
import { endBroadcast } from './end-broadcast.ts';
import { applyRetention } from './retention-sweep.ts';
import { makeRoom } from './room-sweep.ts';

const everyMs = 5_000;
/** Retention is looked at after so many turns. */
const retentionTurns = 12;
/** Beyond its own silence, so that the recorder's word, which knows better, comes first. Milliseconds. */
const patienceMs = 30_000;

/**
 * What time brings: broadcasts of which nobody will say that they are over, because their recorder was stopped or its node is
 * lost; and retention, by its own rules and for want of room. Every turn looks again under a lock, so that several control processes may do the same.
 */
export class BroadcastSweep {
  readonly #kernel: Kernel;
  #turn = 0;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  start(): void {
    this.#cancel = this.#kernel.clock.after(everyMs, () => {
      this.#running = this.tick()
        .catch((error: unknown) => this.#kernel.log.warn({ err: error }, 'a sweep of broadcasts failed'))
        .finally(() => {
          if (!this.#closed) this.start();
        });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  /** One turn; public for tests. */
  async tick(): Promise<void> {
    this.#turn += 1;
    await this.endSilent();
    if (this.#turn % retentionTurns !== 1) return;
    await applyRetention(this.#kernel);
    await makeRoom(this.#kernel);
  }

  /** Ends broadcasts that nobody records any more. */
  async endSilent(): Promise<void> {
    const { rows } = await sql<{ id: string }>`
      SELECT b.id FROM recordings_broadcast b JOIN recordings_channel c ON c.id = b.channel_id
      WHERE b.state = 'live' AND (
        -- Stopped, and its recorder has finished.
        (NOT c.enabled AND c.job_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM recordings_take t WHERE t.broadcast_id = b.id AND t.state = 'open'))
        -- Silent for longer than any recorder waits, and nobody who could be cut off has it open.
        OR (b.last_at < now() - ((c.settings ->> 'silenceMs')::float8 + ${patienceMs}) * interval '1 millisecond'
          AND NOT EXISTS (
            SELECT 1 FROM recordings_sighting s JOIN allocation a ON a.id = s.allocation_id
            WHERE s.broadcast_id = b.id AND NOT s.ended AND a.state IN ('preparing', 'running', 'stopping', 'unknown'))))
      LIMIT 200
    `.execute(this.#kernel.db);
    for (const { id } of rows) {
      await this.#kernel.transaction((tx) =>
        endBroadcast(this.#kernel, tx, id, { by: 'silence', nodeId: null }),
      );
    }
    if (rows.length > 0) this.#kernel.events.wake();
    // Ones of before that were never told to be over by a recorder that took its work up elsewhere stay open as takes.
    await tables(this.#kernel.db)
      .updateTable('recordings_take')
      .set({ state: 'closed', ended_at: sql<Date>`now()`, why: 'lost' })
      .where('state', '=', 'open')
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('recordings_sighting as s')
            .innerJoin('allocation as a', 'a.id', 's.allocation_id')
            .select('s.id')
            .whereRef('s.id', '=', 'recordings_take.sighting_id')
            .where('a.state', '=', 'ended')
            .where('a.ended_at', '<', sql<Date>`now() - interval '1 minute'`),
        ),
      )
      .execute();
  }
}
