import { systemActor } from '@backlot/control/workload';
import { sql } from 'kysely';
import { INSTANCE_JOB } from '../contract.ts';
import type { Ground } from './ground.ts';

/** Brings those instances on whose job has moved. One question for all, so that it may be asked often. */
export async function sweepUnknown(ground: Ground, follow: (jobId: string) => Promise<void>): Promise<void> {
  const { rows } = await sql<{ job_id: string }>`
    SELECT i.job_id FROM streams_instance i
    LEFT JOIN task t ON t.job_id = i.job_id
    LEFT JOIN allocation a ON a.task_id = t.id AND a.state <> 'ended'
    WHERE i.state <> 'ended' AND (
      t.id IS NULL OR t.state IN ('succeeded', 'failed', 'canceled', 'held')
      OR (i.state = 'requested' AND t.state IN ('placed', 'running'))
      OR (i.state = 'starting' AND i.started_at IS NULL AND t.state = 'running')
      OR (i.state NOT IN ('requested', 'stopping') AND t.state IN ('queued', 'retry_wait'))
      OR (i.state <> 'requested' AND a.id IS DISTINCT FROM i.allocation_id AND a.id IS NOT NULL))
    LIMIT 500
  `.execute(ground.kernel.db);
  for (const { job_id: jobId } of rows) await follow(jobId);
}

/**
 * Jobs that should end and don't: the instance was told to stop and the process that told it died; or somebody has
 * started the job of an instance again that is over, which would be a process that nobody knows.
 */
export async function sweepStuck(ground: Ground): Promise<void> {
  const { kernel } = ground;
  const { rows } = await sql<{ id: string }>`
    SELECT j.id FROM job j LEFT JOIN streams_instance i ON i.job_id = j.id
    WHERE j.kind = ${INSTANCE_JOB} AND j.ended_at IS NULL AND j.intent <> 'cancel'
      AND (i.id IS NULL OR i.state IN ('stopping', 'ended'))
    LIMIT 200
  `.execute(kernel.db);
  for (const { id } of rows) {
    await kernel.jobs
      .setIntent(id, 'cancel', systemActor)
      .catch((error: unknown) =>
        kernel.log.warn({ err: error, job: id }, 'an instance could not be stopped'),
      );
  }
}
