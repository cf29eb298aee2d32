import type { Failure, Progress, TaskState, Usage } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';

/** A task of a render, hot or in the history, with the node that works (or worked last) on it. */
export interface RenderTask {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly frames: readonly number[] | null;
  readonly progress: Progress | null;
  readonly failure: Failure | null;
  readonly nodeName: string | null;
}
/** What one attempt of a render's tasks has used. */
export interface RenderAttempt {
  readonly cpu: number;
  readonly usage: Usage | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

/** Finished jobs move to the history tables; a reader sees no difference. */
export async function readTasks(kernel: Kernel, jobId: string): Promise<RenderTask[]> {
  const { rows } = await sql<RenderTask>`
    WITH tasks AS (
      SELECT id, key, kind, state, spec, progress, failure FROM task WHERE job_id = ${jobId}
      UNION ALL
      SELECT id, key, kind, state, spec, progress, failure FROM task_history WHERE job_id = ${jobId}
    ), attempts AS (
      SELECT task_id, node_id, fence FROM allocation WHERE job_id = ${jobId}
      UNION ALL
      SELECT task_id, node_id, fence FROM allocation_history WHERE job_id = ${jobId}
    )
    SELECT t.id, t.key, t.kind, t.state, t.spec->'parameters'->'frames' AS frames, t.progress, t.failure,
           n.name AS "nodeName"
    FROM tasks t
    LEFT JOIN LATERAL (
      SELECT node_id FROM attempts a WHERE a.task_id = t.id ORDER BY a.fence DESC LIMIT 1
    ) latest ON true
    LEFT JOIN node n ON n.id = latest.node_id
    ORDER BY t.id
  `.execute(kernel.db);
  return rows;
}

export async function readAttempts(kernel: Kernel, jobId: string): Promise<RenderAttempt[]> {
  const { rows } = await sql<RenderAttempt>`
    SELECT (resources->>'cpu')::float8 AS cpu, usage, started_at AS "startedAt", ended_at AS "endedAt"
    FROM allocation WHERE job_id = ${jobId}
    UNION ALL
    SELECT (resources->>'cpu')::float8 AS cpu, usage, started_at AS "startedAt", ended_at AS "endedAt"
    FROM allocation_history WHERE job_id = ${jobId}
  `.execute(kernel.db);
  return rows;
}

/** Names of the nodes on which committed outputs were made, by allocation. */
export async function readMakers(kernel: Kernel, jobId: string): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; name: string }>`
    SELECT a.id, n.name FROM (
      SELECT id, node_id FROM allocation WHERE job_id = ${jobId}
      UNION ALL
      SELECT id, node_id FROM allocation_history WHERE job_id = ${jobId}
    ) a JOIN node n ON n.id = a.node_id
  `.execute(kernel.db);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
