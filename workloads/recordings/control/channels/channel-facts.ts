import type { Failure, JobIntent, Reason, TaskState } from '@backlot/contract';
import type { Db, Tx } from '@backlot/control/workload';
import { type ChannelRow, tables } from '../tables.ts';
import type { ChannelSituation } from './decide.ts';

/** A channel with what runs for it, as the database believes. */
export interface ChannelNow {
  readonly row: ChannelRow;
  readonly job: {
    readonly intent: JobIntent;
    readonly endedAt: Date | null;
    readonly failure: Failure | null;
    readonly since: Date;
  } | null;
  readonly task: {
    readonly state: TaskState;
    readonly wait: Reason | null;
    readonly progress: Record<string, unknown> | null;
  } | null;
  /** Its open attempt, where one runs or is believed to. */
  readonly allocation: { readonly id: string; readonly nodeId: string } | null;
}

/** Reads channels with their jobs, tasks and attempts: four questions, however many there are. */
export async function readChannels(db: Db | Tx, rows: readonly ChannelRow[]): Promise<ChannelNow[]> {
  const jobIds = rows.flatMap(({ job_id }) => (job_id === null ? [] : [job_id]));
  if (jobIds.length === 0) {
    return rows.map((row) => ({ row, job: null, task: null, allocation: null }));
  }
  const all = tables(db);
  const [jobs, tasks, allocations, submitted] = await Promise.all([
    all.selectFrom('job').select(['id', 'intent', 'ended_at', 'failure']).where('id', 'in', jobIds).execute(),
    all
      .selectFrom('task')
      .select(['job_id', 'state', 'wait', 'progress'])
      .where('job_id', 'in', jobIds)
      .execute(),
    all
      .selectFrom('allocation')
      .select(['id', 'job_id', 'node_id'])
      .where('job_id', 'in', jobIds)
      .where('state', 'in', ['preparing', 'running', 'stopping', 'unknown'])
      .orderBy('fence', 'asc')
      .execute(),
    all
      .selectFrom('recordings_channel_job')
      .select(['job_id', 'submitted_at'])
      .where('job_id', 'in', jobIds)
      .execute(),
  ]);
  const job = new Map(jobs.map((one) => [one.id, one]));
  const task = new Map(tasks.map((one) => [one.job_id, one]));
  const allocation = new Map(allocations.map((one) => [one.job_id, one]));
  const since = new Map(submitted.map((one) => [one.job_id, one.submitted_at]));
  return rows.map((row) => {
    const itsJob = row.job_id === null ? undefined : job.get(row.job_id);
    const itsTask = row.job_id === null ? undefined : task.get(row.job_id);
    const attempt = row.job_id === null ? undefined : allocation.get(row.job_id);
    return {
      row,
      job: itsJob
        ? {
            intent: itsJob.intent,
            endedAt: itsJob.ended_at,
            failure: itsJob.failure,
            since: since.get(itsJob.id) ?? row.created_at,
          }
        : null,
      task: itsTask
        ? {
            state: itsTask.state,
            wait: itsTask.wait,
            progress: (itsTask.progress?.detail as Record<string, unknown> | undefined) ?? null,
          }
        : null,
      allocation: attempt ? { id: attempt.id, nodeId: attempt.node_id } : null,
    };
  });
}

/** What the decision needs of it. A job that is not in the hot table any more has ended. */
export function situationOf({ row, job }: ChannelNow): ChannelSituation {
  return {
    enabled: row.enabled,
    removed: row.removed_at !== null,
    revision: row.revision,
    failures: row.failures,
    retryAt: row.retry_at?.getTime() ?? null,
    job:
      row.job_id === null
        ? null
        : {
            revision: row.job_revision ?? 0,
            state:
              job === null || job.endedAt !== null ? 'ended' : job.intent === 'cancel' ? 'canceling' : 'open',
            since: job?.since.getTime() ?? row.created_at.getTime(),
          },
  };
}
