import type { Job, JobProgress, Reason, TaskCounts, TaskState } from '@backlot/contract';
import { reason, taskStatesEnded, waitPhrases } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, JobRow, Tx } from '../db/schema.ts';
import { readTasks } from '../tasks/task-view.ts';
import { estimate, type MeasuredKind, type RemainingWork } from './eta.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Newest samples of each kind that an estimate looks at: a machine that was joined later counts soon. */
const samplesPerKind = 50;

interface OpenWork {
  readonly remaining: (RemainingWork & { readonly partly: number })[];
  readonly measured: Map<string, { weight: number; wallMs: number }[]>;
  active: number;
}

/** Jobs as people and programs see them, with progress, estimate and why they wait: three queries for a page. */
export async function viewJobs(db: Db | Tx, rows: readonly JobRow[]): Promise<Job[]> {
  const open = rows.filter((row) => row.ended_at === null).map((row) => row.id);
  const work = await readOpenWork(db, open);
  // Only jobs of which nothing runs have to say why.
  const still = rows.filter((row) => row.state === 'waiting' || row.state === 'held').map((row) => row.id);
  const waits = await readWaits(db, still);
  return rows.map((row) => viewJob(row, work.get(row.id), waits.get(row.id) ?? null));
}

function viewJob(row: JobRow, work: OpenWork | undefined, wait: Reason | null): Job {
  return {
    id: row.id,
    projectId: row.project_id,
    kind: row.kind,
    name: row.name,
    state: row.state,
    intent: row.intent,
    priority: row.priority,
    counts: countsOf(row.counts),
    progress: progressOf(row, work),
    wait: waitOf(row, wait),
    failure: row.failure,
    createdBy: { id: row.actor_id, name: row.actor_name },
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    parameters: withoutSecrets(row.parameters),
    facts: row.facts,
  };
}

function countsOf(counts: TaskCounts): TaskCounts & Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));
}

/** Why the job as a whole doesn't go on; nothing while a part of it does. */
function waitOf(row: JobRow, wait: Reason | null): Reason | null {
  if (row.state === 'paused') return reason(waitPhrases, 'wait.paused');
  return row.state === 'waiting' || row.state === 'held' ? wait : null;
}

/** How far it is, by weight; a job whose tasks have no weight counts its tasks. Pure. */
export function progressOf(row: JobRow, work: OpenWork | undefined): JobProgress {
  const counts = countsOf(row.counts);
  const tasks = Object.entries(counts).reduce((sum, [state, n]) => sum + (state === 'canceled' ? 0 : n), 0);
  const weighed = row.weight_total > 0;
  const done = weighed ? row.weight_done : (counts.succeeded ?? 0);
  const total = weighed ? row.weight_total : tasks;
  const partly = weighed ? (work?.remaining.reduce((sum, kind) => sum + kind.partly, 0) ?? 0) : 0;
  const fraction = row.state === 'succeeded' ? 1 : total > 0 ? Math.min(1, (done + partly) / total) : 0;
  const known =
    work && row.intent === 'run' && row.state === 'running'
      ? estimate(
          [...work.measured].map(([kind, samples]): MeasuredKind => ({ kind, samples })),
          work.remaining,
          work.active,
        )
      : null;
  return {
    fraction,
    done,
    total,
    etaMs: known?.etaMs ?? null,
    etaLowMs: known?.etaLowMs ?? null,
    etaHighMs: known?.etaHighMs ?? null,
  };
}

async function readOpenWork(db: Db | Tx, jobIds: readonly string[]): Promise<Map<string, OpenWork>> {
  const work = new Map<string, OpenWork>();
  if (jobIds.length === 0) return work;
  const of = (id: string) => {
    const entry: OpenWork = work.get(id) ?? { remaining: [], measured: new Map(), active: 0 };
    work.set(id, entry);
    return entry;
  };
  const { rows: remaining } = await sql<{
    job_id: string;
    kind: string;
    weight: number;
    partly: number;
    active: number;
  }>`
    SELECT job_id, kind, sum(weight * (1 - part)) AS weight, sum(weight * part) AS partly,
           count(*) FILTER (WHERE state IN ('placed', 'running'))::int AS active
    FROM (
      SELECT job_id, kind, weight, state,
             CASE WHEN state IN ('running', 'frozen')
               THEN least(1, greatest(0, coalesce((progress->>'fraction')::float8, 0))) ELSE 0 END AS part
      FROM task WHERE job_id = ANY(${jobIds}::uuid[]) AND state <> ALL(${taskStatesEnded})
    ) open GROUP BY job_id, kind
  `.execute(db);
  for (const row of remaining) {
    const entry = of(row.job_id);
    entry.remaining.push({ kind: row.kind, weight: row.weight, partly: row.partly });
    entry.active += row.active;
  }
  const { rows: samples } = await sql<{ job_id: string; kind: string; weight: number; wall_ms: number }>`
    SELECT job_id, kind, weight, wall_ms FROM (
      SELECT t.job_id, t.kind, t.weight, (a.usage->>'wallMs')::float8 AS wall_ms,
             row_number() OVER (PARTITION BY t.job_id, t.kind ORDER BY t.ended_at DESC) AS n
      FROM task t JOIN allocation a ON a.task_id = t.id AND a.outcome = 'ok' AND a.usage IS NOT NULL
      WHERE t.job_id = ANY(${jobIds}::uuid[]) AND t.state = 'succeeded' AND t.weight > 0
    ) newest WHERE n <= ${samplesPerKind}
  `.execute(db);
  for (const row of samples) {
    const { measured } = of(row.job_id);
    const list = measured.get(row.kind) ?? [];
    measured.set(row.kind, list);
    list.push({ weight: row.weight, wallMs: row.wall_ms });
  }
  return work;
}

/** The wait of the first task that says one; what a person has to do comes before what time will do. */
async function readWaits(db: Db | Tx, jobIds: readonly string[]): Promise<Map<string, Reason>> {
  if (jobIds.length === 0) return new Map();
  const states: readonly TaskState[] = ['held', 'queued', 'retry_wait', 'blocked'];
  const { rows } = await sql<{ job_id: string; wait: Reason }>`
    SELECT DISTINCT ON (job_id) job_id, wait FROM task
    WHERE job_id = ANY(${jobIds}::uuid[]) AND state = ANY(${states}) AND wait IS NOT NULL
    ORDER BY job_id, array_position(${states}::text[], state), priority DESC, id
  `.execute(db);
  const waits = new Map(rows.map((row) => [row.job_id, row.wait]));
  for (const [jobId, wait] of await readTurns(
    db,
    jobIds.filter((id) => !waits.has(id)),
  )) {
    waits.set(jobId, wait);
  }
  return waits;
}

/** What the first queued task of jobs waits for that stand behind others: nobody has written that down. */
async function readTurns(db: Db | Tx, jobIds: readonly string[]): Promise<Map<string, Reason>> {
  if (jobIds.length === 0) return new Map();
  const { rows } = await sql<{ id: string }>`
    SELECT DISTINCT ON (job_id) id FROM task
    WHERE job_id = ANY(${jobIds}::uuid[]) AND state = 'queued' ORDER BY job_id, priority DESC, id
  `.execute(db);
  const ids = rows.map((row) => row.id);
  const tasks =
    ids.length === 0 ? [] : await readTasks(db, sql`t.id = ANY(${ids}::uuid[])`, 'asc', ids.length);
  return new Map(
    tasks.flatMap((task) => (task.jobId && task.wait ? [[task.jobId, task.wait] as const] : [])),
  );
}
