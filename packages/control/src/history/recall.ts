import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';

/**
 * Brings the tasks of an ended job back to the hot tables, because somebody wants some of them once more. Their
 * attempts stay in history, where views find them: they count for nothing any more. The job is locked.
 */
export async function recallJob(tx: Tx, jobId: string): Promise<void> {
  const { rows } = await sql`
    WITH gone AS (DELETE FROM task_history WHERE job_id = ${jobId} RETURNING *)
    INSERT INTO task SELECT * FROM gone RETURNING id
  `.execute(tx);
  if (rows.length === 0) return;
  await sql`
    WITH gone AS (
      DELETE FROM task_need_history n USING task t WHERE t.job_id = ${jobId} AND n.task_id = t.id RETURNING n.*
    )
    INSERT INTO task_need SELECT * FROM gone ON CONFLICT DO NOTHING
  `.execute(tx);
}
