import { newId } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../db/schema.ts';

/** A node that a task, or all of a job, keeps away from for a while; forgiven when its time is over. */
export interface NewAvoidance {
  /** For one task, or for all tasks of a job. */
  readonly owner: { readonly taskId: string } | { readonly jobId: string };
  readonly nodeId: string;
  /** What happened there; two with the same signature are one, with the later end. */
  readonly signature: string;
  readonly forMs: number;
  /** Also when there is no other node. */
  readonly strictly: boolean;
}

export async function avoid(tx: Tx, entry: NewAvoidance): Promise<void> {
  const taskId = 'taskId' in entry.owner ? entry.owner.taskId : null;
  const jobId = 'jobId' in entry.owner ? entry.owner.jobId : null;
  const until = sql`now() + ${entry.forMs}::float8 * interval '1 millisecond'`;
  const { rows } = await sql`
    UPDATE avoidance SET until = greatest(until, ${until}), strict = strict OR ${entry.strictly}
    WHERE task_id IS NOT DISTINCT FROM ${taskId}::uuid AND job_id IS NOT DISTINCT FROM ${jobId}::uuid
      AND node_id = ${entry.nodeId} AND signature = ${entry.signature}
    RETURNING id
  `.execute(tx);
  if (rows.length > 0) return;
  await sql`
    INSERT INTO avoidance (id, task_id, job_id, node_id, signature, strict, until)
    VALUES (${newId()}, ${taskId}, ${jobId}, ${entry.nodeId}, ${entry.signature}, ${entry.strictly}, ${until})
  `.execute(tx);
}

/** Forgets what is held against nodes: a person asked for another try. */
export async function forgive(tx: Tx, taskIds: readonly string[]): Promise<void> {
  if (taskIds.length === 0) return;
  await sql`DELETE FROM avoidance WHERE task_id = ANY(${taskIds}::uuid[])`.execute(tx);
}

/** Removes what has been forgiven by time. */
export async function sweepAvoidances(db: Db): Promise<void> {
  await sql`DELETE FROM avoidance WHERE until < now()`.execute(db);
}
