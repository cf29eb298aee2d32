import {
  BacklotError,
  coreErrors,
  type Id,
  type JobState,
  kernelErrors,
  newId,
  type TaskDraft,
  type TaskDraftInput,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { JobRow, Tx } from '../db/schema.ts';
import type { AuditLog, JobSubmission } from '../kernel.ts';
import { type Change, type ChangeDeps, runChange } from '../tasks/change.ts';
import { insertTasks } from '../tasks/insert-tasks.ts';
import { fitDrafts } from './fit-drafts.ts';
import { checkDrafts, type Kinds, parseParameters } from './kinds.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface SubmitDeps extends ChangeDeps {
  readonly kinds: Kinds;
  readonly audit: AuditLog;
}

/** Priorities that a person may give. */
const priorityRange = { min: -100, max: 100 };

/**
 * Stores a job with the tasks that its kind plans, in one transaction: all of it or nothing. Answers its id.
 * @throws unknown_job_kind, invalid_input, plan_invalid, quota_jobs, not_found (the project)
 */
export async function submitJob(deps: SubmitDeps, submission: JobSubmission, outer?: Tx): Promise<Id> {
  const id = newId();
  refuseInternal(deps.kinds, submission);
  const { parameters, drafts } = planJob(deps.kinds, id, submission);
  const priority = clampPriority(submission.priority ?? 0);
  await runChange(
    deps,
    async (change) => {
      await checkQuota(change, submission.projectId);
      const job = await insertJob(change.tx, { id, parameters, priority, submission });
      change.ledger.adopt(job);
      change.events.push({
        projectId: job.project_id,
        kind: 'job.created',
        subject: { kind: 'job', id },
        body: { kind: job.kind, name: job.name, tasks: drafts.length, by: submission.actor.name },
      });
      await insertTasks(change, id, await fitDrafts(deps.kinds, change.tx, job.project_id, drafts));
      await deps.audit.record(change.tx, {
        actor: submission.actor,
        action: 'job.submit',
        subject: { kind: 'job', id },
        projectId: job.project_id,
        after: { kind: job.kind, name: job.name, priority, parameters: withoutSecrets(parameters) },
      });
    },
    outer,
  );
  return id;
}

/** Jobs that only their workload makes are, to everybody else, of a kind that there isn't. */
function refuseInternal(kinds: Kinds, { kind, actor }: JobSubmission): void {
  if (kinds.job(kind).internal !== true || actor.kind === 'system') return;
  throw new BacklotError(coreErrors.unknown_job_kind, {
    params: { kind, known: kinds.open().join(', ') || '–' },
    pointer: 'kind',
  });
}

/**
 * What a job would begin with; nothing is stored.
 * @throws unknown_job_kind, invalid_input, plan_invalid
 */
export function planJob(
  kinds: Kinds,
  id: Id,
  submission: Pick<JobSubmission, 'kind' | 'projectId' | 'name' | 'parameters'>,
): { parameters: Record<string, unknown>; drafts: TaskDraft[] } {
  const kind = kinds.job(submission.kind);
  const parameters = parseParameters(kind, submission.parameters);
  let planned: readonly TaskDraftInput[];
  try {
    planned = kind.plan({
      job: { id, projectId: submission.projectId, name: submission.name },
      parameters,
    });
  } catch (error) {
    if (error instanceof BacklotError) throw error;
    const problem = error instanceof Error ? error.message : 'the plan failed';
    throw new BacklotError(coreErrors.plan_invalid, {
      params: { kind: submission.kind, problem },
      cause: error,
    });
  }
  const drafts = checkDrafts(kinds, submission.kind, planned, new Set());
  if (drafts.length === 0) {
    throw new BacklotError(coreErrors.plan_invalid, {
      params: { kind: submission.kind, problem: 'it has no task' },
    });
  }
  return { parameters, drafts };
}

export function clampPriority(priority: number): number {
  return Math.max(priorityRange.min, Math.min(priorityRange.max, Math.round(priority)));
}

/** Two submissions at once are counted one after the other: the project's row is locked. */
async function checkQuota(change: Change, projectId: Id): Promise<void> {
  const project = await change.tx
    .selectFrom('project')
    .select(['name', 'quota'])
    .where('id', '=', projectId)
    .executeTakeFirst();
  if (!project) {
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'project', id: projectId } });
  }
  const limit = project.quota.jobs;
  if (limit === undefined) return;
  await sql`SELECT 1 FROM project WHERE id = ${projectId} FOR NO KEY UPDATE`.execute(change.tx);
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM job WHERE project_id = ${projectId} AND ended_at IS NULL
  `.execute(change.tx);
  const open = rows[0]?.n ?? 0;
  if (open < limit) return;
  throw new BacklotError(coreErrors.quota_jobs, { params: { project: project.name, open, limit } });
}

export async function insertJob(
  tx: Tx,
  job: {
    readonly id: Id;
    readonly parameters: Record<string, unknown>;
    readonly priority: number;
    readonly submission: JobSubmission;
  },
): Promise<JobRow> {
  const { submission } = job;
  return tx
    .insertInto('job')
    .values({
      id: job.id,
      project_id: submission.projectId,
      kind: submission.kind,
      name: submission.name,
      priority: job.priority,
      parameters: JSON.stringify(job.parameters),
      state: 'waiting' satisfies JobState,
      actor_id: submission.actor.id,
      actor_name: submission.actor.name,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}
