import { BacklotError, coreErrors, type Id } from '@backlot/contract';
import { sql } from 'kysely';
import type { Actor, Artifacts, AuditLog } from '../kernel.ts';
import { type ChangeDeps, runChange } from '../tasks/change.ts';
import { lockJob } from './steer.ts';

export interface RemoveDeps extends ChangeDeps {
  readonly audit: AuditLog;
  readonly artifacts: Pick<Artifacts, 'remove'>;
}

/**
 * Deletes an ended job with its artifacts and logs. The bytes go later, when nothing refers to them and the grace
 * has passed; the audit and the events stay. @throws job_open, not_found
 */
export async function removeJob(deps: RemoveDeps, id: Id, actor: Actor): Promise<void> {
  await runChange(deps, async (change) => {
    const job = await lockJob(change, id);
    if (job.ended_at === null) throw new BacklotError(coreErrors.job_open, { params: { state: job.state } });
    const { rows: artifacts } = await sql<{ id: string }>`
      SELECT id FROM artifact WHERE job_id = ${id} AND deleted_at IS NULL
    `.execute(change.tx);
    await deps.artifacts.remove(
      change.tx,
      artifacts.map((row) => row.id),
    );
    await sql`
      DELETE FROM log_chunk WHERE allocation_id IN (
        SELECT id FROM allocation WHERE job_id = ${id} UNION ALL SELECT id FROM allocation_history WHERE job_id = ${id})
    `.execute(change.tx);
    await sql`DELETE FROM task_need_history WHERE task_id IN (SELECT id FROM task_history WHERE job_id = ${id})`.execute(
      change.tx,
    );
    await sql`DELETE FROM allocation_history WHERE job_id = ${id}`.execute(change.tx);
    await sql`DELETE FROM task_history WHERE job_id = ${id}`.execute(change.tx);
    await deps.audit.record(change.tx, {
      actor,
      action: 'job.remove',
      subject: { kind: 'job', id },
      projectId: job.project_id,
      before: { kind: job.kind, name: job.name, state: job.state, artifacts: artifacts.length },
    });
    change.events.push({
      projectId: job.project_id,
      kind: 'job.changed',
      subject: { kind: 'job', id },
      body: { removed: true, name: job.name, by: actor.name },
    });
    // Its tasks, allocations and needs go with it.
    await sql`DELETE FROM job WHERE id = ${id}`.execute(change.tx);
  });
}
