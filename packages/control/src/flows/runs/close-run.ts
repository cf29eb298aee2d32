import { type FlowRunState, openFlowRunStates } from '@backlot/contract';
import { sql } from 'kysely';
import type { Change } from '../../tasks/change.ts';
import { type AdvanceDeps, subjectOf } from './advance-run.ts';

/**
 * Ends a run whose job has ended without it: because it was canceled, or removed. What was open is canceled. The job is
 * locked, when it is still there.
 */
export async function closeRun(
  deps: Pick<AdvanceDeps, 'metrics'>,
  change: Change,
  runId: string,
): Promise<void> {
  const row = await change.tx
    .selectFrom('flow_run')
    .selectAll()
    .where('id', '=', runId)
    .forUpdate()
    .executeTakeFirst();
  if (!row || !openFlowRunStates.includes(row.state)) return;
  const job = change.ledger.jobs.get(row.job_id);
  if (job && job.ended_at === null) return;
  const state: FlowRunState = job?.state === 'failed' ? 'failed' : 'canceled';
  await sql`
    UPDATE flow_step SET state = 'canceled', branch = NULL, ended_at = now(), perform_at = NULL
    WHERE run_id = ${runId} AND state IN ('running', 'waiting')
  `.execute(change.tx);
  await sql`
    UPDATE flow_run SET state = ${state}, ended_at = now(), due_at = NULL,
      failure = ${job?.failure ? JSON.stringify(job.failure) : null}::jsonb
    WHERE id = ${runId}
  `.execute(change.tx);
  change.events.push({
    projectId: row.project_id,
    kind: 'flow.run.ended',
    subject: { kind: 'flow-run', id: runId },
    body: {
      flowId: row.flow_id,
      name: row.name,
      state,
      steps: [],
      failure: job?.failure ?? null,
      subject: subjectOf(row),
    },
  });
  change.afterCommit(() => deps.metrics.runs.inc({ state }));
}
