import {
  BacklotError,
  coreErrors,
  flowErrors,
  type Id,
  type TaskDraft,
  type TaskInput,
  type TaskState,
} from '@backlot/contract';
import { sql } from 'kysely';
import { runJobKind } from '../flows/runs/anchor.ts';
import type { Actor } from '../kernel.ts';
import { forgive } from '../tasks/avoidances.ts';
import { type Change, runChange } from '../tasks/change.ts';
import type { Kinds } from './kinds.ts';
import { releasedSpec } from './released-spec.ts';
import { lockJob, lockTask, type SteerDeps } from './steer.ts';

export interface AgainDeps extends SteerDeps {
  readonly kinds: Kinds;
  /** Brings the rows of an ended job back from history. */
  readonly recall: (change: Change, jobId: Id) => Promise<void>;
}

/**
 * Queues the failed and canceled tasks of a job again, with their attempts forgiven; finished work is kept.
 * @throws nothing_to_retry, not_found
 */
export async function retryFailed(deps: AgainDeps, id: Id, actor: Actor): Promise<void> {
  await runChange(deps, async (change) => {
    const job = await lockJob(change, id);
    refuseRun(job.kind);
    await deps.recall(change, id);
    const before = { intent: job.intent, counts: job.counts };
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM task WHERE job_id = ${id} AND state IN ('failed', 'canceled')
    `.execute(change.tx);
    if (rows.length === 0) throw new BacklotError(coreErrors.nothing_to_retry);
    // What still runs because its stop is not confirmed ends as canceled, and may be retried then.
    change.ledger.change(id, { intent: 'run', failure: null });
    await sql`UPDATE task SET paused = false WHERE job_id = ${id} AND paused`.execute(change.tx);
    await startAgain(
      change,
      rows.map((row) => row.id),
      ['failed', 'canceled'],
    );
    await deps.audit.record(change.tx, {
      actor,
      action: 'job.retry-failed',
      subject: { kind: 'job', id },
      projectId: job.project_id,
      before,
      after: { tasks: rows.length },
    });
    change.events.push({
      projectId: job.project_id,
      kind: 'job.changed',
      subject: { kind: 'job', id },
      body: { retried: rows.length, by: actor.name },
    });
  });
}

/** What is done again in the run of a flow, its flow decides: a new run takes over what has succeeded. @throws flow_run_job */
function refuseRun(kind: string | undefined): void {
  if (kind === runJobKind) throw new BacklotError(flowErrors.flow_run_job);
}

/**
 * Puts tasks back to the start: blocked by what has not succeeded, or queued. Attempts and avoided nodes are
 * forgiven, because a person has looked.
 */
async function startAgain(
  change: Change,
  taskIds: readonly string[],
  from: readonly TaskState[],
): Promise<void> {
  const { rows } = await sql<{ id: string; open_needs: number }>`
    UPDATE task t SET open_needs = coalesce((
      SELECT count(*)::int FROM task_need n JOIN task needed ON needed.id = n.needs_task_id
      WHERE n.task_id = t.id AND needed.state <> 'succeeded'), 0)
    WHERE t.id = ANY(${taskIds}::uuid[]) RETURNING t.id, t.open_needs
  `.execute(change.tx);
  await forgive(change.tx, taskIds);
  const patch = { attempt: 0, failure: null, result: null };
  const moves = (blocked: boolean) =>
    rows.filter((row) => row.open_needs > 0 === blocked).map(({ id }) => ({ id, patch }));
  await change.ledger.move('blocked', moves(true), from);
  await change.ledger.move('queued', moves(false), from);
  change.wake('task-ready');
}

/**
 * Lets a held task go on, with what was missing.
 * @throws task_not_held, invalid_input (changed parameters that don't fit the kind), not_found
 */
export async function releaseTask(
  deps: AgainDeps,
  id: Id,
  update: { parameters?: Record<string, unknown>; inputs?: TaskInput[] },
  actor: Actor,
): Promise<void> {
  await runChange(deps, async (change) => {
    const task = await lockTask(change, id);
    if (task.state !== 'held') {
      throw new BacklotError(coreErrors.task_not_held, { params: { key: task.key, state: task.state } });
    }
    const spec: TaskDraft = releasedSpec(deps.kinds, task.spec, update);
    await forgive(change.tx, [id]);
    const patch = { spec, failure: null, attempt: 0 };
    const to = task.open_needs > 0 ? 'blocked' : 'queued';
    await change.ledger.moveAndTell(to, [{ id, patch }], { only: ['held'] });
    change.wake('task-ready');
    await deps.audit.record(change.tx, {
      actor,
      action: 'task.release',
      subject: { kind: 'task', id },
      projectId: task.project_id,
      before: { wait: task.wait },
      after: {
        parameters: update.parameters ?? null,
        inputs: (update.inputs ?? []).map((input) => input.name),
      },
    });
  });
}

/**
 * One task once more: failed, canceled or held ones from the start; work that is placed or runs is taken back from
 * its node and queued. @throws task_finished, not_found
 */
export async function requeueTask(deps: AgainDeps, id: Id, actor: Actor): Promise<void> {
  await runChange(deps, async (change) => {
    await recallTask(deps, change, id);
    const task = await lockTask(change, id);
    const before = { state: task.state, attempt: task.attempt };
    switch (task.state) {
      case 'succeeded':
        throw new BacklotError(coreErrors.task_finished, {
          params: { key: task.key, state: task.state },
        });
      case 'failed':
      case 'canceled':
      case 'held': {
        const job = task.job_id === null ? undefined : change.ledger.job(task.job_id);
        if (task.state !== 'held') refuseRun(job?.kind);
        if (job)
          change.ledger.change(job.id, { intent: job.intent === 'pause' ? 'pause' : 'run', failure: null });
        await sql`UPDATE task SET paused = ${job?.intent === 'pause'} WHERE id = ${id}`.execute(change.tx);
        await startAgain(change, [id], [task.state]);
        break;
      }
      case 'retry_wait':
        await change.ledger.moveAndTell('queued', [{ id }], { only: ['retry_wait'] });
        change.wake('task-ready');
        break;
      case 'placed':
      case 'running':
      case 'frozen':
        await deps.stopTasks(change, [id], { why: 'taken-back', who: actor.name });
        break;
      case 'blocked':
      case 'queued':
        return;
    }
    await deps.audit.record(change.tx, {
      actor,
      action: 'task.requeue',
      subject: { kind: 'task', id },
      projectId: task.project_id,
      before,
    });
  });
}

async function recallTask(deps: AgainDeps, change: Change, id: Id): Promise<void> {
  const past = await change.tx
    .selectFrom('task_history')
    .select('job_id')
    .where('id', '=', id)
    .executeTakeFirst();
  if (!past?.job_id) return;
  await change.ledger.lock([past.job_id]);
  await deps.recall(change, past.job_id);
}
