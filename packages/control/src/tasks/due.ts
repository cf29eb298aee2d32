import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { type ChangeDeps, runChange } from './change.ts';

/**
 * Queues tasks whose back-off is over. Answers how many, and when the next one is due (milliseconds from now, by
 * the database's clock) so that a short back-off need not wait for the sweep.
 */
export async function queueDueTasks(
  deps: ChangeDeps & { readonly db: Db },
  limit = 500,
): Promise<{ readonly queued: number; readonly nextInMs: number | null }> {
  const { rows } = await sql<{ id: string; job_id: string | null; in_ms: number }>`
    SELECT id, job_id, extract(epoch FROM not_before - now())::float8 * 1000 AS in_ms
    FROM task WHERE state = 'retry_wait' ORDER BY not_before LIMIT ${limit}
  `.execute(deps.db);
  const due = rows.filter((row) => row.in_ms <= 0);
  const next = rows.find((row) => row.in_ms > 0);
  const nextInMs = next ? next.in_ms : null;
  if (due.length === 0) return { queued: 0, nextInMs };
  const moved = await runChange(deps, async (change) => {
    await change.ledger.lock(due.map((row) => row.job_id));
    const tasks = await change.ledger.moveAndTell(
      'queued',
      due.map(({ id }) => ({ id })),
      { only: ['retry_wait'] },
    );
    if (tasks.length > 0) change.wake('task-ready');
    return tasks;
  });
  return { queued: moved.length, nextInMs };
}
