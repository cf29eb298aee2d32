import {
  BacklotError,
  coreErrors,
  type Id,
  type JobIntent,
  kernelErrors,
  type TaskState,
  taskStatesEnded,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { JobRow } from '../db/schema.ts';
import type { Actor, AuditLog } from '../kernel.ts';
import { type Change, type ChangeDeps, runChange } from '../tasks/change.ts';
import { cancelTasks, type FollowDeps } from './follow.ts';
import { clampPriority } from './submit.ts';

export interface SteerDeps extends ChangeDeps {
  readonly audit: AuditLog;
  readonly stopTasks: FollowDeps['stopTasks'];
}

/** Locks one job. @throws not_found */
export async function lockJob(change: Change, id: Id): Promise<JobRow> {
  await change.ledger.lock([id]);
  const job = change.ledger.jobs.get(id);
  if (!job) throw new BacklotError(kernelErrors.not_found, { params: { what: 'job', id } });
  return job;
}

/** Runs a person's change of a job and books what it looked like before and after. */
export async function steer<K extends 'intent' | 'priority' | 'name'>(
  deps: SteerDeps,
  id: Id,
  actor: Actor,
  field: K,
  value: JobRow[K],
  act: (change: Change, job: JobRow) => Promise<void>,
): Promise<void> {
  await runChange(deps, async (change) => {
    const job = await lockJob(change, id);
    const before = job[field];
    if (before === value) return;
    await act(change, job);
    await deps.audit.record(change.tx, {
      actor,
      action: `job.${field}`,
      subject: { kind: 'job', id },
      projectId: job.project_id,
      before: { [field]: before },
      after: { [field]: value },
    });
    change.events.push({
      projectId: job.project_id,
      kind: 'job.changed',
      subject: { kind: 'job', id },
      body: { [field]: value, by: actor.name },
    });
  });
}

/**
 * Run, pause or cancel. Pausing keeps queued tasks where they are and lets running ones go on; canceling ends what
 * waits at once and asks what runs to stop. A canceled job is started again by `retryFailed` only.
 * @throws job_canceled, not_found
 */
export function setIntent(deps: SteerDeps, id: Id, intent: JobIntent, actor: Actor): Promise<void> {
  return steer(deps, id, actor, 'intent', intent, async (change, job) => {
    if (job.intent === 'cancel') {
      const wanted = intent === 'pause' ? 'paused' : 'resumed';
      throw new BacklotError(coreErrors.job_canceled, { params: { wanted } });
    }
    if (job.ended_at !== null) {
      throw new BacklotError(kernelErrors.conflict, { params: { reason: `the job has ${job.state}` } });
    }
    change.ledger.change(id, { intent });
    // Tasks of a run that a node goes on with alone stay where they are: nobody else may begin them.
    const alone = sql<boolean>`EXISTS (SELECT FROM flow_run WHERE job_id = ${id} AND alone_open)`;
    await sql`
      UPDATE task SET paused = ${intent === 'pause'}
      WHERE job_id = ${id} AND state <> ALL(${taskStatesEnded}) AND paused <> ${intent === 'pause'}
        AND (${intent !== 'run'} OR NOT ${alone})
    `.execute(change.tx);
    if (intent === 'run') change.wake('task-ready');
    if (intent === 'cancel') await cancelAll(deps, change, id, actor);
  });
}

async function cancelAll(deps: SteerDeps, change: Change, id: Id, actor: Actor): Promise<void> {
  const { rows } = await sql<{ id: string; state: TaskState }>`
    SELECT id, state FROM task WHERE job_id = ${id} AND state <> ALL(${taskStatesEnded})
  `.execute(change.tx);
  // One event of the job tells of all of them: a page doesn't want ten thousand.
  const waiting = rows.filter((row) => !['placed', 'running', 'frozen'].includes(row.state));
  await change.ledger.move(
    'canceled',
    waiting.map((row) => ({ id: row.id })),
    ['blocked', 'queued', 'retry_wait', 'held'],
  );
  await deps.stopTasks(
    change,
    rows.filter((row) => !waiting.includes(row)).map((row) => row.id),
    { why: 'canceled', who: actor.name },
  );
}

/** Moves the job, and all of its tasks that are still to come, up or down the queue of its project. */
export function setPriority(deps: SteerDeps, id: Id, wanted: number, actor: Actor): Promise<void> {
  const priority = clampPriority(wanted);
  return steer(deps, id, actor, 'priority', priority, async (change, job) => {
    const by = priority - job.priority;
    change.ledger.change(id, { priority });
    await sql`
      UPDATE task SET priority = priority + ${by} WHERE job_id = ${id} AND state <> ALL(${taskStatesEnded})
    `.execute(change.tx);
    change.wake('policy-changed');
  });
}

export function rename(deps: SteerDeps, id: Id, name: string, actor: Actor): Promise<void> {
  return steer(deps, id, actor, 'name', name, async (change) => change.ledger.change(id, { name }));
}

/** Cancels one task, and what builds on it. @throws not_found, task_finished */
export async function cancelTask(deps: SteerDeps, id: Id, actor: Actor): Promise<void> {
  await runChange(deps, async (change) => {
    const task = await lockTask(change, id);
    if (taskStatesEnded.includes(task.state)) {
      throw new BacklotError(coreErrors.task_finished, { params: { key: task.key, state: task.state } });
    }
    await cancelTasks(deps, change, [id], { why: 'canceled', who: actor.name });
    await deps.audit.record(change.tx, {
      actor,
      action: 'task.cancel',
      subject: { kind: 'task', id },
      projectId: task.project_id,
      before: { state: task.state },
    });
  });
}

/** Locks the job of a task and reads the task. @throws not_found */
export async function lockTask(change: Change, id: Id) {
  const place = await change.tx.selectFrom('task').select('job_id').where('id', '=', id).executeTakeFirst();
  if (place) await change.ledger.lock([place.job_id]);
  const task = place
    ? await change.tx.selectFrom('task').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
    : undefined;
  if (!task) throw new BacklotError(kernelErrors.not_found, { params: { what: 'task', id } });
  return task;
}
