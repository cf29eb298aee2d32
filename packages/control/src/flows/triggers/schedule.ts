import type { Id } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { Flows } from '../../kernel.ts';
import { nextTime, ScheduleParameters } from './kernel-triggers.ts';

/** Flows in one look. */
const batch = 100;
/** A flow that could not be started is tried again after this; the others don't wait for it. Milliseconds. */
const againMs = 60_000;

/**
 * Starts the flows whose time has come; one replica does. Times that passed while nobody was there are one run, not many.
 * The key of the run is its time, so that it is started once whatever dies in between. Answers in how many milliseconds the
 * next is due.
 */
export async function runSchedules(
  deps: { readonly db: Db; readonly log: Logger; readonly start: Flows['start'] },
  signal: AbortSignal,
): Promise<number | null> {
  const { rows } = await sql<{ id: Id; trigger: unknown; next_at: Date; now: Date }>`
    SELECT id, trigger, next_at, now() AS now FROM flow
    WHERE removed_at IS NULL AND enabled AND next_at <= now() ORDER BY next_at LIMIT ${batch}
  `.execute(deps.db);
  for (const row of rows) {
    if (signal.aborted) return null;
    const at = row.next_at.toISOString();
    try {
      await deps.start({ flow: { flowId: row.id }, key: `schedule:${at}`, ports: {}, data: { at } });
    } catch (error) {
      deps.log.warn({ err: error, flow: row.id, at }, 'a flow could not be started at its time; again later');
      await sql`
        UPDATE flow SET next_at = now() + ${againMs} * interval '1 millisecond'
        WHERE id = ${row.id} AND next_at = ${row.next_at}
      `.execute(deps.db);
      continue;
    }
    const parameters = ScheduleParameters.safeParse(row.trigger);
    const next = parameters.success ? nextTime(parameters.data, row.now) : undefined;
    await sql`
      UPDATE flow SET next_at = ${next ?? null} WHERE id = ${row.id} AND next_at = ${row.next_at}
    `.execute(deps.db);
  }
  if (rows.length === batch) return 0;
  const { rows: later } = await sql<{ in_ms: number | null }>`
    SELECT extract(epoch FROM min(next_at) - now())::float8 * 1000 AS in_ms FROM flow
    WHERE removed_at IS NULL AND enabled AND next_at IS NOT NULL
  `.execute(deps.db);
  return later[0]?.in_ms ?? null;
}
