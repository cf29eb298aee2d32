import { BacklotError, type Id, type Job, kernelErrors, newId, type TaskInput } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../db/schema.ts';
import type { Actor, Artifacts, JobSubmission, Jobs } from '../kernel.ts';
import { type AgainDeps, releaseTask, requeueTask, retryFailed } from './again.ts';
import { viewJobs } from './job-view.ts';
import { removeJob } from './remove.ts';
import { cancelTask, rename, setIntent, setPriority } from './steer.ts';
import { planJob, type SubmitDeps, submitJob } from './submit.ts';

export interface JobsDeps extends SubmitDeps, AgainDeps {
  readonly db: Db;
  readonly artifacts: Pick<Artifacts, 'remove'>;
}

/** The port `Jobs`, and what only this room's routes use. */
export interface JobsRoom extends Jobs {
  /** Cancels one task, and what builds on it. */
  cancelTask(id: Id, actor: Actor): Promise<void>;
  /** Files that a job's first tasks would be given. @throws what `submit` says of the kind and its parameters */
  plannedInputs(submission: JobSubmission): TaskInput[];
}

export function createJobs(deps: JobsDeps): JobsRoom {
  const get = async (id: Id, db: Db | Tx = deps.db): Promise<Job> => {
    const row = await db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst();
    const [job] = row ? await viewJobs(db, [row]) : [];
    if (!job) throw new BacklotError(kernelErrors.not_found, { params: { what: 'job', id } });
    return job;
  };
  const then = async (id: Id, done: Promise<void>): Promise<Job> => {
    await done;
    return get(id);
  };
  return {
    submit: async (submission, tx) => get(await submitJob(deps, submission, tx), tx ?? deps.db),
    get: (id) => get(id),
    setIntent: (id, intent, actor) => then(id, setIntent(deps, id, intent, actor)),
    setPriority: (id, priority, actor) => then(id, setPriority(deps, id, priority, actor)),
    rename: (id, name, actor) => then(id, rename(deps, id, name, actor)),
    retryFailed: (id, actor) => then(id, retryFailed(deps, id, actor)),
    release: (taskId, change, actor) => releaseTask(deps, taskId, change, actor),
    requeueTask: (taskId, actor) => requeueTask(deps, taskId, actor),
    cancelTask: (taskId, actor) => cancelTask(deps, taskId, actor),
    plannedInputs: (submission) =>
      planJob(deps.kinds, newId(), submission).drafts.flatMap(({ inputs }) => inputs),
    remove: (id, actor) => removeJob(deps, id, actor),
  };
}

/** The project that a job belongs to, for the access check of its routes; null when there is none. */
export async function projectOfJob(db: Db, id: string): Promise<string | null> {
  const row = await db.selectFrom('job').select('project_id').where('id', '=', id).executeTakeFirst();
  return row?.project_id ?? null;
}

/** The same for a task, hot or past. */
export async function projectOfTask(db: Db, id: string): Promise<string | null> {
  const { rows } = await sql<{ project_id: string }>`
    SELECT project_id FROM task WHERE id = ${id} UNION ALL SELECT project_id FROM task_history WHERE id = ${id}
  `.execute(db);
  return rows[0]?.project_id ?? null;
}

/** The same for an allocation. */
export async function projectOfAllocation(db: Db, id: string): Promise<string | null> {
  const { rows } = await sql<{ project_id: string }>`
    SELECT project_id FROM allocation WHERE id = ${id}
    UNION ALL SELECT project_id FROM allocation_history WHERE id = ${id}
  `.execute(db);
  return rows[0]?.project_id ?? null;
}
