import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

/** Ended jobs stay in the hot tables for a while: they are looked at, and retried, mostly in these minutes. */
export const restMs = 10 * 60_000;
/** Jobs in one look, and tasks in one transaction: a large job is moved piece by piece. */
const jobsAtOnce = 20;
const tasksAtOnce = 2_000;

/**
 * Moves the tasks and attempts of ended jobs to history, oldest first, so that the hot tables stay small however
 * much was done. Needs and avoidances go along or are forgotten. Answers how many tasks were moved.
 */
export async function moveEndedJobs(
  store: Pick<Store, 'transaction'>,
  afterMs: number = restMs,
): Promise<number> {
  return store.transaction(async (tx) => {
    // Whoever wants a job's tasks back locks its row; SKIP LOCKED leaves those alone.
    const { rows: jobs } = await sql<{ id: string }>`
      SELECT j.id FROM job j
      WHERE j.ended_at < now() - ${afterMs}::float8 * interval '1 millisecond'
        AND EXISTS (SELECT 1 FROM task t WHERE t.job_id = j.id)
      ORDER BY j.ended_at LIMIT ${jobsAtOnce} FOR NO KEY UPDATE SKIP LOCKED
    `.execute(tx);
    if (jobs.length === 0) return 0;
    const { rows: tasks } = await sql<{ id: string }>`
      SELECT id FROM task t
      WHERE job_id = ANY(${jobs.map((job) => job.id)}::uuid[])
        AND state IN ('succeeded', 'failed', 'canceled')
        AND NOT EXISTS (SELECT 1 FROM allocation a WHERE a.task_id = t.id AND a.state <> 'ended')
      LIMIT ${tasksAtOnce} FOR NO KEY UPDATE
    `.execute(tx);
    const ids = tasks.map((task) => task.id);
    await sql`
      INSERT INTO task_need_history SELECT * FROM task_need WHERE task_id = ANY(${ids}::uuid[])
      ON CONFLICT DO NOTHING
    `.execute(tx);
    await sql`
      WITH gone AS (DELETE FROM allocation WHERE task_id = ANY(${ids}::uuid[]) RETURNING *)
      INSERT INTO allocation_history SELECT * FROM gone ON CONFLICT DO NOTHING
    `.execute(tx);
    await sql`
      WITH gone AS (DELETE FROM task WHERE id = ANY(${ids}::uuid[]) RETURNING *)
      INSERT INTO task_history SELECT * FROM gone ON CONFLICT DO NOTHING
    `.execute(tx);
    return ids.length;
  });
}
