import {
  type AllocationView,
  kernelPhrases,
  type Reason,
  reason,
  type Task,
  type TaskDetail,
} from '@backlot/contract';
import { type RawBuilder, sql } from 'kysely';
import type { AllocationRow, Db, TaskRow, Tx } from '../db/schema.ts';
import { withoutSecrets } from '../jobs/without-secrets.ts';

type AllocationWithNode = AllocationRow & { readonly node_name: string | null };
type Row = TaskRow & {
  readonly allocation: AllocationJson | null;
  readonly head_wait: Reason | null;
  readonly ahead: number | null;
  readonly project_name: string;
};
/** Rows inside JSON carry their times as text. */
type AllocationJson = {
  [K in keyof AllocationWithNode]: AllocationWithNode[K] extends Date
    ? string
    : AllocationWithNode[K] extends Date | null
      ? string | null
      : AllocationWithNode[K];
};

/** How far "how many are ahead" is counted; beyond it a person no longer cares. */
const aheadLimit = 500;

/**
 * Reads tasks as people see them, hot and past ones alike, each with its latest attempt. The scheduler writes why
 * only to the first tasks of each group that waits for the same thing; the others wait for the same and for those
 * ahead of them, which is worked out here instead of being written a hundred thousand times.
 *
 * @param where condition on the alias `t`
 * @param order `t.id` ascending, or descending
 */
export async function readTasks(
  db: Db | Tx,
  where: RawBuilder<unknown>,
  order: 'asc' | 'desc',
  limit: number,
): Promise<Task[]> {
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const { rows } = await sql<Row>`
    WITH found AS (
      (SELECT t.* FROM task t WHERE ${where} ORDER BY t.id ${direction} LIMIT ${limit})
      UNION ALL
      (SELECT t.* FROM task_history t WHERE ${where} ORDER BY t.id ${direction} LIMIT ${limit})
    ), page AS (SELECT * FROM found ORDER BY id ${direction} LIMIT ${limit})
    SELECT t.*, p.name AS project_name, coalesce(hot.a, past.a) AS allocation, head.wait AS head_wait, ahead.n AS ahead
    FROM page t
    JOIN project p ON p.id = t.project_id
    LEFT JOIN LATERAL (
      SELECT to_jsonb(a) || jsonb_build_object('node_name', n.name) AS a
      FROM allocation a JOIN node n ON n.id = a.node_id WHERE a.task_id = t.id ORDER BY a.fence DESC LIMIT 1
    ) hot ON true
    LEFT JOIN LATERAL (
      SELECT to_jsonb(a) || jsonb_build_object('node_name', n.name) AS a
      FROM allocation_history a LEFT JOIN node n ON n.id = a.node_id
      WHERE a.task_id = t.id ORDER BY a.fence DESC LIMIT 1
    ) past ON hot.a IS NULL
    LEFT JOIN LATERAL (
      SELECT h.wait FROM task h
      WHERE h.pool = t.pool AND h.class = t.class AND h.project_id = t.project_id AND h.shape = t.shape
        AND h.state = 'queued' AND NOT h.paused
      ORDER BY h.priority DESC, h.id LIMIT 1
    ) head ON t.state = 'queued' AND NOT t.paused AND t.wait IS NULL
    LEFT JOIN LATERAL (
      SELECT count(*)::int AS n FROM (
        SELECT 1 FROM task h
        WHERE h.pool = t.pool AND h.class = t.class AND h.project_id = t.project_id AND h.shape = t.shape
          AND h.state = 'queued' AND NOT h.paused
          AND (h.priority > t.priority OR (h.priority = t.priority AND h.id < t.id))
        LIMIT ${aheadLimit}
      ) before
    ) ahead ON t.state = 'queued' AND NOT t.paused AND t.wait IS NULL
    ORDER BY t.id ${direction}
  `.execute(db);
  return rows.map(viewTask);
}

function viewTask(row: Row): Task {
  return {
    id: row.id,
    jobId: row.job_id,
    projectId: row.project_id,
    key: row.key,
    kind: row.kind,
    class: row.class,
    state: row.state,
    priority: row.priority,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    weight: row.weight,
    parameters: withoutSecrets(row.spec.parameters),
    resources: row.spec.resources,
    wait: waitOf(row),
    progress: row.progress,
    failure: row.failure,
    result: row.result,
    allocation: row.allocation ? viewAllocation(row.allocation) : null,
    createdAt: iso(row.created_at),
    readyAt: row.ready_at ? iso(row.ready_at) : null,
    endedAt: row.ended_at ? iso(row.ended_at) : null,
  };
}

/** Why a task waits, for every state in which it does. Pure. */
export function waitOf(
  row: Pick<Row, 'state' | 'paused' | 'wait' | 'head_wait' | 'ahead' | 'project_name'>,
): Reason | null {
  if (row.paused && ['blocked', 'queued', 'retry_wait'].includes(row.state)) {
    // Kept back by its run, and not by a person.
    if (row.wait?.code.startsWith('flow.wait.')) return row.wait;
    return reason(kernelPhrases, 'wait.paused');
  }
  if (row.state !== 'queued' || row.wait !== null) return row.wait;
  const head = row.head_wait ?? reason(kernelPhrases, 'wait.turn');
  if (!row.ahead) return head;
  const ahead = reason(kernelPhrases, 'wait.because.ahead_in_project', {
    count: row.ahead >= aheadLimit ? `${aheadLimit}+` : row.ahead,
    project: row.project_name,
  });
  return { ...head, causes: [...(head.causes ?? []), ahead] };
}

function viewAllocation(row: AllocationJson): AllocationView {
  return {
    id: row.id,
    taskId: row.task_id,
    nodeId: row.node_id,
    nodeName: row.node_name ?? row.node_id,
    fence: row.fence,
    state: row.state,
    outcome: row.outcome,
    failure: row.failure,
    reason: row.reason,
    usage: row.usage,
    offeredAt: iso(row.offered_at),
    startedAt: row.started_at ? iso(row.started_at) : null,
    endedAt: row.ended_at ? iso(row.ended_at) : null,
  };
}

/** One task with all of its attempts, oldest first, and what it needs. Nothing when there is none. */
export async function readTaskDetail(db: Db | Tx, id: string): Promise<TaskDetail | undefined> {
  const [task] = await readTasks(db, sql`t.id = ${id}`, 'asc', 1);
  if (!task) return undefined;
  const { rows: allocations } = await sql<{ a: AllocationJson }>`
    SELECT to_jsonb(a) || jsonb_build_object('node_name', n.name) AS a FROM (
      SELECT * FROM allocation WHERE task_id = ${id}
      UNION ALL SELECT * FROM allocation_history WHERE task_id = ${id}
    ) a LEFT JOIN node n ON n.id = a.node_id ORDER BY a.fence
  `.execute(db);
  const { rows: needs } = await sql<{ id: string }>`
    SELECT needs_task_id AS id FROM task_need WHERE task_id = ${id}
    UNION SELECT needs_task_id FROM task_need_history WHERE task_id = ${id} ORDER BY id
  `.execute(db);
  return {
    ...task,
    allocations: allocations.map((row) => viewAllocation(row.a)),
    needs: needs.map((row) => row.id),
  };
}

const iso = (value: Date | string) => new Date(value).toISOString();
