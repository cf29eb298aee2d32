import type { Id } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { Flows } from '../../kernel.ts';
import { nextTime, ScheduleParameters } from './kernel-triggers.ts';

/** Flows in one look. */
const batch = 100;
/** A flow that could not be started is tried again after this; the others don't wait for it. Milliseconds. */
const againMs = 60_000;

export interface ScheduleDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly start: Flows['start'];
}

/** Looks for flows whose time has come. Answers in how many milliseconds the next is due. */
export type RunSchedules = (signal: AbortSignal) => Promise<number | null>;

/**
 * Starts the flows whose time has come; one replica does. Times that passed while nobody was there are one run, not many.
 * The key of the run is its time, so that it is started once whatever dies in between: for as long as it is not known to
 * be started, its time is not touched, because a start that has failed may have been committed. Which flows could not be
 * started is remembered here only: whoever looks next tries them at once.
 */
export function schedules({ db, log, clock, start }: ScheduleDeps): RunSchedules {
  /** Flow -> until when it is left alone, by the monotonic clock. */
  const putOff = new Map<Id, number>();
  return async (signal) => {
    for (const [id, until] of putOff) if (until <= clock.monotonic()) putOff.delete(id);
    const others = () => sql`removed_at IS NULL AND enabled AND id <> ALL(${[...putOff.keys()]}::uuid[])`;
    const { rows } = await sql<{ id: Id; trigger: unknown; next_at: Date; now: Date }>`
      SELECT id, trigger, next_at, now() AS now FROM flow
      WHERE ${others()} AND next_at <= now() ORDER BY next_at LIMIT ${batch}
    `.execute(db);
    for (const row of rows) {
      if (signal.aborted) return null;
      const at = row.next_at.toISOString();
      try {
        await start({ flow: { flowId: row.id }, key: `schedule:${at}`, ports: {}, data: { at } });
      } catch (error) {
        log.warn({ err: error, flow: row.id, at }, 'a flow could not be started at its time; again later');
        putOff.set(row.id, clock.monotonic() + againMs);
        continue;
      }
      const parameters = ScheduleParameters.safeParse(row.trigger);
      const next = parameters.success ? nextTime(parameters.data, row.now) : undefined;
      await sql`
        UPDATE flow SET next_at = ${next ?? null} WHERE id = ${row.id} AND next_at = ${row.next_at}
      `.execute(db);
    }
    if (rows.length === batch) return 0;
    const { rows: later } = await sql<{ in_ms: number | null }>`
      SELECT extract(epoch FROM min(next_at) - now())::float8 * 1000 AS in_ms FROM flow
      WHERE ${others()} AND next_at IS NOT NULL
    `.execute(db);
    return later[0]?.in_ms ?? null;
  };
}
