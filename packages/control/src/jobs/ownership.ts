import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { AccessControl, Actor } from '../kernel.ts';

/**
 * One's own jobs may be steered by whoever may submit; those of others need `jobs.operate`.
 * @throws forbidden. What is not there is left to the one who acts on it.
 */
export async function requireOwnOrOperator(
  deps: { readonly db: Db; readonly access: AccessControl },
  actor: Actor,
  subject: { readonly jobId: string } | { readonly taskId: string },
): Promise<void> {
  const job =
    'jobId' in subject
      ? sql`SELECT ${subject.jobId}::uuid`
      : sql`SELECT job_id FROM task WHERE id = ${subject.taskId}
            UNION ALL SELECT job_id FROM task_history WHERE id = ${subject.taskId}`;
  const { rows } = await sql<{ project_id: string; actor_id: string | null }>`
    SELECT project_id, actor_id FROM job WHERE id IN (${job})
  `.execute(deps.db);
  const [owner] = rows;
  if (!owner || (owner.actor_id !== null && owner.actor_id === actor.id)) return;
  deps.access.require(actor, 'jobs.operate', owner.project_id);
}
