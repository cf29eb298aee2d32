import { type Failure, flowPhrases, newId, reason, TaskDraft } from '@backlot/contract';
import { sql } from 'kysely';
import type { JobRow } from '../../db/schema.ts';
import type { Change } from '../../tasks/change.ts';
import { defaultPool } from '../../tasks/insert-tasks.ts';
import { shapeOf } from '../../tasks/shape.ts';

/** Kind of the jobs that are runs of flows, and of the task that stands for the whole run. */
export const runJobKind = 'flows.run';
/** Its key; no step can be called so, because of the point. */
export const anchorKey = '.run';

/**
 * A run is a job, and a job is open while one of its tasks is. A step that waits, or that the control plane performs, has
 * no task: so one task stands for the run as a whole. It is blocked from the beginning to the end, needs nothing, holds
 * nothing, is never placed, and ends with the run.
 */
export async function insertAnchor(change: Change, job: JobRow): Promise<void> {
  const id = newId();
  const draft = TaskDraft.parse({
    key: anchorKey,
    kind: runJobKind,
    weight: 0,
    resources: { cpu: 0, memory: 0 },
  });
  await sql`
    INSERT INTO task (id, job_id, project_id, key, kind, class, state, pool, shape, priority, max_attempts, weight, spec,
                      open_needs, wait)
    VALUES (${id}, ${job.id}, ${job.project_id}, ${anchorKey}, ${runJobKind}, ${draft.class}, 'blocked', ${defaultPool},
            ${shapeOf(draft)}, 0, 1, 0, ${JSON.stringify(draft)}::jsonb, 1,
            ${JSON.stringify(reason(flowPhrases, 'flow.wait.run'))}::jsonb)
  `.execute(change.tx);
  change.ledger.added(job.id, 'blocked', [{ id, weight: 0 }]);
}

/** Ends it with the run. */
export async function endAnchor(
  change: Change,
  jobId: string,
  state: 'succeeded' | 'failed' | 'canceled',
  failure: Failure | null,
): Promise<void> {
  const row = await change.tx
    .selectFrom('task')
    .select('id')
    .where('job_id', '=', jobId)
    .where('key', '=', anchorKey)
    .executeTakeFirst();
  if (row) await change.ledger.move(state, [{ id: row.id, patch: { failure } }], ['blocked']);
}
