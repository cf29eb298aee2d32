import { endingPhrases, type Failure, reason, type TaskState } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { EndedTask } from '../allocations/conclude.ts';
import type { StopRequest } from '../allocations/stop.ts';
import { runJobKind } from '../flows/runs/anchor.ts';
import type { Change } from '../tasks/change.ts';
import { cancelDependents, releaseDependents } from '../tasks/dependents.ts';
import { insertTasks } from '../tasks/insert-tasks.ts';
import type { FollowUp, TaskSummary } from '../workload.ts';
import { fitDrafts } from './fit-drafts.ts';
import { readFleet, slotsFor } from './fleet.ts';
import { checkDrafts, type Kinds } from './kinds.ts';
import { poisoned, sameCause } from './signature.ts';
import type { Summaries } from './summaries.ts';

export interface FollowDeps {
  readonly kinds: Kinds;
  readonly summaries: Summaries;
  readonly log: Logger;
  /** What follows in the run of a flow; `flows` knows. */
  readonly settleRun?: ((change: Change, jobId: string) => Promise<void>) | undefined;
  /** Asks what runs of these tasks to stop; `allocations` does. */
  readonly stopTasks: (change: Change, taskIds: readonly string[], request: StopRequest) => Promise<void>;
}

/** States of tasks that end at once when they are canceled, because nothing runs. */
export const waitingStates: readonly TaskState[] = ['blocked', 'queued', 'retry_wait', 'held'];

/**
 * Works out what follows from tasks that have just ended, inside the transaction that ends them: dependents are
 * queued or canceled, and the workload is asked what its job needs next. Tasks that are canceled here in passing
 * are not asked about one by one; the workload sees them among all tasks.
 */
export async function followUp(deps: FollowDeps, change: Change, ended: readonly EndedTask[]): Promise<void> {
  const ids = (state: EndedTask['state']) =>
    ended.filter((task) => task.state === state).map((task) => task.id);
  await releaseDependents(change, ids('succeeded'));
  await cancelDependents(change, [...ids('failed'), ...ids('canceled')]);
  for (const task of ended) {
    if (task.jobId === null || !change.ledger.jobs.has(task.jobId)) continue;
    if (change.ledger.job(task.jobId).kind === runJobKind) {
      // Whether a failure of a step is one of the run, its flow decides.
      await deps.settleRun?.(change, task.jobId);
      continue;
    }
    if (task.failure && change.ledger.job(task.jobId).failure === null) {
      change.ledger.change(task.jobId, { failure: task.failure });
    }
    // A job that is being canceled starts nothing new.
    if (change.ledger.job(task.jobId).intent === 'cancel') continue;
    await askWorkload(deps, change, task.jobId, task.id);
  }
}

async function askWorkload(deps: FollowDeps, change: Change, jobId: string, endedId: string): Promise<void> {
  const job = change.ledger.job(jobId);
  const kind = deps.kinds.findJob(job.kind);
  if (!kind?.follow) return;
  const tasks = await deps.summaries.load(change, jobId);
  const ended = tasks.find((task) => task.id === endedId);
  if (!ended) return;
  const fleet = await fleetOf(change, endedId);
  let answer: FollowUp;
  try {
    answer = kind.follow({
      job: { id: job.id, projectId: job.project_id, name: job.name },
      parameters: job.parameters,
      facts: job.facts,
      ended,
      tasks,
      fleet,
    });
    // Checked here, so that a plan that isn't sound ends the job and not the report that led to it.
    const drafts = answer.tasks ?? [];
    const keys = new Set(tasks.map((task) => task.key));
    const checked = checkDrafts(deps.kinds, job.kind, drafts, keys);
    const fitted = await fitDrafts(deps.kinds, change.tx, job.project_id, checked);
    if (fitted.length > 0) await insertTasks(change, jobId, fitted);
  } catch (error) {
    if (isDatabaseError(error)) throw error;
    deps.log.error({ err: error, job: jobId, task: ended.key }, 'a follow-up failed');
    await failJob(deps, change, jobId, followUpFailure(ended, error));
    return;
  }
  if (answer.facts) change.ledger.change(jobId, { facts: { ...job.facts, ...answer.facts } });
  if (answer.cancel && answer.cancel.length > 0) await cancelKeys(deps, change, tasks, answer.cancel);
  if (answer.fail) await failJob(deps, change, jobId, answer.fail);
}

/** A fault of the database must reach the caller, who tries again; a fault of the workload must not. */
function isDatabaseError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('kind' in error) {
    const { kind } = error as { kind?: { code?: string } };
    return kind?.code !== 'plan_invalid';
  }
  return 'severity' in error;
}

function followUpFailure(ended: TaskSummary, error: unknown): Failure {
  const problem = error instanceof Error ? error.message.slice(0, 500) : 'unknown';
  return {
    class: 'product',
    reason: reason(endingPhrases, 'failure.follow_up', { key: ended.key, problem }),
    signature: `product:failure.follow_up:${ended.kind}`,
  };
}

async function fleetOf(change: Change, taskId: string) {
  const task = await change.tx
    .selectFrom('task')
    .select(['pool', 'spec'])
    .where('id', '=', taskId)
    .executeTakeFirstOrThrow();
  const { capabilities, nodes } = await readFleet(change.tx, task.pool);
  return { capabilities, slots: slotsFor(nodes, task.spec.resources) };
}

async function cancelKeys(
  deps: FollowDeps,
  change: Change,
  tasks: readonly TaskSummary[],
  keys: readonly string[],
): Promise<void> {
  const wanted = new Set(keys);
  const those = tasks.filter((task) => wanted.has(task.key)).map((task) => task.id);
  await cancelTasks(deps, change, those, { why: 'canceled', who: 'system' });
}

/** Cancels tasks: what waits ends at once, what runs is asked to stop and ends when its node says so. */
export async function cancelTasks(
  deps: Pick<FollowDeps, 'stopTasks'>,
  change: Change,
  taskIds: readonly string[],
  request: StopRequest,
): Promise<string[]> {
  if (taskIds.length === 0) return [];
  const wait =
    request.who === 'system'
      ? reason(endingPhrases, 'end.not_needed')
      : reason(endingPhrases, 'end.canceled_by', { who: request.who });
  const moved = await change.ledger.moveAndTell(
    'canceled',
    taskIds.map((id) => ({ id, patch: { wait } })),
    { only: waitingStates },
  );
  const canceled = moved.map(({ id }) => id);
  await cancelDependents(change, canceled);
  await deps.stopTasks(change, taskIds, request);
  return canceled;
}

/** Ends a job that can't succeed: its open tasks are canceled, finished work is kept. */
export async function failJob(
  deps: FollowDeps,
  change: Change,
  jobId: string,
  failure: Failure,
): Promise<void> {
  change.ledger.change(jobId, { failure });
  const { rows } = await sql<{ id: string; state: TaskState }>`
    SELECT id, state FROM task WHERE job_id = ${jobId} AND state NOT IN ('succeeded', 'failed', 'canceled')
  `.execute(change.tx);
  const wait = reason(endingPhrases, 'end.job_failed');
  await change.ledger.move(
    'canceled',
    rows.filter((row) => waitingStates.includes(row.state)).map(({ id }) => ({ id, patch: { wait } })),
    waitingStates,
  );
  await deps.stopTasks(
    change,
    rows.map((row) => row.id),
    { why: 'canceled', who: 'system' },
  );
}

/** Stops a job when too many of its tasks suffer from one signature. */
export async function stopWhenPoisoned(
  deps: FollowDeps,
  change: Change,
  { jobId, failure }: { readonly jobId: string; readonly failure: Failure },
): Promise<void> {
  const job = change.ledger.jobs.get(jobId);
  if (!job || job.intent === 'cancel' || job.kind === runJobKind) return;
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM task
    WHERE job_id = ${jobId} AND failure->>'signature' = ${failure.signature} AND state NOT IN ('succeeded', 'canceled')
  `.execute(change.tx);
  const suffering = rows[0]?.n ?? 0;
  const tasks = Object.values(job.counts).reduce((sum, n) => sum + n, 0);
  if (!poisoned(failure, suffering, tasks)) return;
  await failJob(deps, change, jobId, sameCause(failure, suffering));
}
