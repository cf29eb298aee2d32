import {
  type FlowRun,
  type FlowRunDetail,
  type FlowRunStep,
  type PortValues,
  shownInputs,
  type Task,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, FlowRunRow, FlowStepRow } from '../../db/schema.ts';
import { readTasks } from '../../tasks/task-view.ts';
import type { InstalledKinds } from '../flow-kinds.ts';
import { subjectOf } from './advance-run.ts';
import { inputOfRun, loadRun, recordOfRow } from './run-rows.ts';

/** What lists show of a run. Not the files of its trigger: a broadcast has thousands, and a page of runs has hundreds. */
export type RunRow = Omit<FlowRunRow, 'trigger_ports'> & {
  readonly version: number;
  readonly counts: Record<string, number> | null;
  readonly step_count: number;
};

/** Files of one port that a page is shown; a broadcast has thousands of segments. */
const filesShown = 50;
/** Most steps of a run that are shown with their tasks. */
const tasksShown = 2_000;

/** Written out, because what is large must not come along by itself. */
const shown = [
  'id',
  'flow_id',
  'version_id',
  'project_id',
  'job_id',
  'name',
  'key',
  'trigger_kind',
  'trigger_data',
  'subject_kind',
  'subject_id',
  'state',
  'failure',
  'due_at',
  'retry_of',
  'actor_id',
  'actor_name',
  'started_at',
  'ended_at',
  'alone_on',
  'alone_open',
  'alone_lost_at',
  'note',
] as const satisfies readonly (keyof FlowRunRow)[];
const shownColumns = sql.join(shown.map((column) => sql.ref(`r.${column}`)));

/** Rows of runs, newest first, with what lists show. @param where condition on the alias `r` */
export async function readRuns(db: Db, where: ReturnType<typeof sql>, limit: number): Promise<RunRow[]> {
  const { rows } = await sql<RunRow>`
    SELECT r.*, v.number AS version, jsonb_array_length(v.definition->'steps') AS step_count, c.counts
    FROM (SELECT ${shownColumns} FROM flow_run r WHERE ${where} ORDER BY r.id DESC LIMIT ${limit}) r
    JOIN flow_version v ON v.id = r.version_id
    LEFT JOIN LATERAL (
      SELECT jsonb_object_agg(state, n) AS counts
      FROM (SELECT state, count(*)::int AS n FROM flow_step WHERE run_id = r.id GROUP BY state) s
    ) c ON true
    ORDER BY r.id DESC
  `.execute(db);
  return rows;
}

export function viewRun(row: RunRow): FlowRun {
  const counts = row.counts ?? {};
  const known = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const pending = row.ended_at === null ? Math.max(0, row.step_count - known) : 0;
  return {
    id: row.id,
    flowId: row.flow_id,
    projectId: row.project_id,
    name: row.name,
    version: row.version,
    versionId: row.version_id,
    key: row.key,
    trigger: { kind: row.trigger_kind, data: row.trigger_data, subject: subjectOf(row) },
    state: row.state,
    jobId: row.job_id,
    counts: pending > 0 ? { ...counts, pending } : counts,
    failure: row.failure,
    retryOf: row.retry_of,
    aloneOn: row.alone_on,
    note: row.note,
    startedBy: { id: row.actor_id, name: row.actor_name },
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    dueAt: row.due_at?.toISOString() ?? null,
  };
}

/** One run with all of its steps, those that have not begun among them. Long lists of files are cut. */
export async function readRunDetail(
  db: Db,
  installed: InstalledKinds,
  id: string,
): Promise<FlowRunDetail | undefined> {
  const [row] = await readRuns(db, sql`r.id = ${id}`, 1);
  const run = row ? await loadRun(db, { runId: id }) : undefined;
  if (!row || !run) return undefined;
  const tasks = await readTasks(db, sql`t.job_id = ${row.job_id}`, 'asc', tasksShown);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const inputsOf = shownInputs(inputOfRun(run, installed.steps));
  const names = new Map(run.definition.steps.map((step) => [step.id, step.name ?? step.id]));
  const known = [...run.steps.values()].map((step) =>
    viewStep(step, names, byId.get(step.task_id ?? ''), inputsOf(recordOfRow(step))),
  );
  const begun = new Set(known.map(({ step }) => step));
  const pending =
    row.ended_at === null ? run.definition.steps.filter(({ id: step }) => !begun.has(step)) : [];
  return {
    ...viewRun(row),
    ports: cut(run.row.trigger_ports),
    steps: [...known, ...pending.map(pendingStep)],
    definition: run.definition,
  };
}

function viewStep(
  row: FlowStepRow,
  names: ReadonlyMap<string, string>,
  task: Task | undefined,
  inputs: PortValues,
): FlowRunStep {
  return {
    id: row.id,
    key: row.key,
    step: row.step,
    at: row.at,
    kind: row.kind,
    name: names.get(row.step) ?? row.step,
    state: row.state,
    branch: row.branch,
    task: task
      ? {
          id: task.id,
          state: task.state,
          attempt: task.attempt,
          nodeId: task.allocation?.nodeId ?? null,
          nodeName: task.allocation?.nodeName ?? null,
          wait: task.wait,
          progress: task.progress,
        }
      : null,
    inputs: cut(inputs),
    outputs: cut(row.ports),
    failure: row.failure ?? task?.failure ?? null,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    dueAt: row.state === 'waiting' ? (row.due_at?.toISOString() ?? null) : null,
    reusedFrom: row.reused_from,
  };
}

function pendingStep({
  id,
  kind,
  name,
}: {
  id: string;
  kind: string;
  name?: string | undefined;
}): FlowRunStep {
  return {
    id: null,
    key: id,
    step: id,
    at: [],
    kind,
    name: name ?? id,
    state: 'pending',
    branch: null,
    task: null,
    inputs: {},
    outputs: {},
    failure: null,
    startedAt: null,
    endedAt: null,
    dueAt: null,
    reusedFrom: null,
  };
}

function cut(ports: PortValues): PortValues {
  return Object.fromEntries(
    Object.entries(ports).map(([name, value]) => [
      name,
      value.type === 'files' && value.files.length > filesShown
        ? { ...value, files: value.files.slice(0, filesShown), total: value.files.length }
        : value,
    ]),
  );
}
