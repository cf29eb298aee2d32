import { endingPhrases, newId, reason, type TaskDraft, type TaskState, waitPhrases } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';
import type { Change } from './change.ts';
import { cancelDependents } from './dependents.ts';
import { shapeOf } from './shape.ts';

/** The pool of tasks that name none. */
export const defaultPool = 'default';

/** Rows in one statement: large enough to be quick, small enough for a message to the server. */
const chunk = 2_000;

interface NewTask {
  readonly id: string;
  readonly draft: TaskDraft;
  readonly state: TaskState;
  readonly openNeeds: number;
  readonly needs: readonly string[];
}

/**
 * Creates the tasks of a job that don't exist yet, by key: creating the same drafts twice creates them once. The
 * drafts have been checked (`problemWithNeeds`), the job is locked. Answers how many are new.
 */
export async function insertTasks(
  change: Change,
  jobId: string,
  drafts: readonly TaskDraft[],
): Promise<number> {
  const job = change.ledger.job(jobId);
  const existing = await existingTasks(change.tx, jobId, drafts);
  const fresh = placeInGraph(
    drafts.filter((draft) => !existing.has(draft.key)),
    existing,
  );
  for (let start = 0; start < fresh.length; start += chunk) {
    const part = fresh.slice(start, start + chunk);
    await insertRows(change.tx, part, {
      jobId,
      projectId: job.project_id,
      priority: job.priority,
      paused: job.intent === 'pause',
    });
  }
  await insertNeeds(change.tx, fresh);
  for (const state of ['queued', 'blocked', 'canceled'] as const) {
    const those = fresh.filter((task) => task.state === state);
    change.ledger.added(
      jobId,
      state,
      those.map(({ id, draft }) => ({ id, weight: draft.weight })),
    );
  }
  await cancelDependents(
    change,
    fresh.filter((task) => task.state === 'canceled').map((task) => task.id),
  );
  if (fresh.some((task) => task.state === 'queued')) change.wake('task-ready');
  return fresh.length;
}

/** Tasks of the job that carry, or are needed by, these drafts' keys. */
async function existingTasks(
  tx: Tx,
  jobId: string,
  drafts: readonly TaskDraft[],
): Promise<Map<string, { id: string; state: TaskState }>> {
  const keys = [...new Set(drafts.flatMap((draft) => [draft.key, ...draft.needs]))];
  const { rows } = await sql<{ id: string; key: string; state: TaskState }>`
    SELECT id, key, state FROM task WHERE job_id = ${jobId} AND key = ANY(${keys})
  `.execute(tx);
  return new Map(rows.map((row) => [row.key, row]));
}

/** Gives ids, and decides in which state each task begins. */
function placeInGraph(
  drafts: readonly TaskDraft[],
  existing: ReadonlyMap<string, { readonly id: string; readonly state: TaskState }>,
): NewTask[] {
  const ids = new Map(drafts.map((draft) => [draft.key, newId()]));
  return drafts.map((draft) => {
    const needs = [...new Set(draft.needs)];
    const states = needs.map((key) => existing.get(key)?.state ?? 'queued');
    // What it builds on can't succeed any more; waiting for it would keep the job open for ever.
    const hopeless = states.some((state) => state === 'failed' || state === 'canceled');
    const openNeeds = states.filter((state) => state !== 'succeeded').length;
    return {
      id: ids.get(draft.key) as string,
      draft,
      openNeeds,
      state: hopeless ? 'canceled' : openNeeds > 0 ? 'blocked' : 'queued',
      needs: needs.map((key) => ids.get(key) ?? existing.get(key)?.id ?? ''),
    };
  });
}

async function insertRows(
  tx: Tx,
  tasks: readonly NewTask[],
  job: {
    readonly jobId: string;
    readonly projectId: string;
    readonly priority: number;
    readonly paused: boolean;
  },
): Promise<void> {
  const rows = tasks.map(({ id, draft, state, openNeeds }) => ({
    id,
    key: draft.key,
    kind: draft.kind,
    class: draft.class,
    state,
    pool: draft.constraints.pool ?? defaultPool,
    shape: shapeOf(draft),
    priority: job.priority + draft.priority,
    max_attempts: draft.retry.maxAttempts,
    weight: draft.weight,
    spec: draft,
    open_needs: openNeeds,
    wait: initialWait(state, openNeeds),
  }));
  await sql`
    INSERT INTO task (id, job_id, project_id, key, kind, class, state, pool, shape, priority, max_attempts, weight,
                      spec, open_needs, paused, wait, ready_at, ended_at)
    SELECT r.id, ${job.jobId}, ${job.projectId}, r.key, r.kind, r.class, r.state, r.pool, r.shape, r.priority,
           r.max_attempts, r.weight, r.spec, r.open_needs, ${job.paused}, nullif(r.wait, 'null'),
           CASE WHEN r.state = 'queued' THEN now() END, CASE WHEN r.state = 'canceled' THEN now() END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      id uuid, key text, kind text, class text, state text, pool text, shape text, priority int, max_attempts int,
      weight float8, spec jsonb, open_needs int, wait jsonb)
  `.execute(tx);
}

function initialWait(state: TaskState, openNeeds: number) {
  if (state === 'blocked') return reason(waitPhrases, 'wait.needs', { count: openNeeds });
  if (state === 'canceled') return reason(endingPhrases, 'end.not_needed');
  return null;
}

async function insertNeeds(tx: Tx, tasks: readonly NewTask[]): Promise<void> {
  const pairs = tasks.flatMap((task) => task.needs.map((need) => [task.id, need] as const));
  for (let start = 0; start < pairs.length; start += 20_000) {
    const part = pairs.slice(start, start + 20_000);
    await sql`
      INSERT INTO task_need (task_id, needs_task_id)
      SELECT * FROM unnest(${part.map(([task]) => task)}::uuid[], ${part.map(([, need]) => need)}::uuid[])
      ON CONFLICT DO NOTHING
    `.execute(tx);
  }
}
