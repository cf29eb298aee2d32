import {
  type Advance,
  advanceFlow,
  BacklotError,
  type FlowRunState,
  flowPhrases,
  reason,
  type StartTask,
  type StepRecord,
  type TaskDraft,
} from '@backlot/contract';
import { sql } from 'kysely';
import { fitDrafts } from '../../jobs/fit-drafts.ts';
import { checkDrafts, type Kinds } from '../../jobs/kinds.ts';
import type { Change } from '../../tasks/change.ts';
import { insertTasks } from '../../tasks/insert-tasks.ts';
import type { InstalledKinds } from '../flow-kinds.ts';
import type { FlowMetrics } from '../metrics.ts';
import { endAnchor, runJobKind } from './anchor.ts';
import { inputOfRun, type LoadedRun, loadRun, recordOfRow } from './run-rows.ts';
import { type StepExtra, writeSteps } from './write-steps.ts';

/** What taking runs further needs of the world. */
export interface AdvanceDeps {
  readonly kinds: Pick<Kinds, 'findTask'>;
  readonly installed: InstalledKinds;
  readonly metrics: FlowMetrics;
  /** Something is to be performed now, or a wait has got a new end: after the commit. */
  readonly sooner: (ms: number) => void;
}

/**
 * Takes a run as far as it goes, in the transaction in which something of it has changed: asks the engine, writes what has
 * come about, creates the tasks of steps that begin, and ends the run when nothing is open any more. The job is locked.
 */
export async function advanceRun(deps: AdvanceDeps, change: Change, runId: string): Promise<void> {
  const run = await loadRun(change.tx, { runId });
  if (!run || run.row.ended_at !== null) return;
  const job = change.ledger.jobs.get(run.row.job_id);
  // A run that is being canceled begins nothing new; what still runs is closed with its job.
  if (!job || job.intent === 'cancel') return;
  let input = inputOfRun(run, deps.installed.steps);
  const written: StepRecord[] = [];
  let answer: Advance;
  for (;;) {
    answer = advanceFlow(input, run.now);
    const { drafts, refused } = checked(deps, answer.tasks);
    const failed = new Set(refused.map(({ key }) => key));
    const records = [...answer.records.filter(({ key }) => !failed.has(key)), ...refused];
    const extras = await begin(deps, change, run, answer, drafts);
    await writeSteps(change.tx, runId, kindIn(run), records, extras);
    written.push(...records);
    const now = new Map(input.records.map((record) => [record.key, record]));
    for (const record of records) now.set(record.key, record);
    input = { ...input, records: [...now.values()] };
    // A step whose task can't be made has failed, and something may follow from that.
    if (refused.length === 0) break;
  }
  await book(deps, change, run, answer, input.records, written);
}

export function kindIn(run: LoadedRun): (step: string) => string {
  const kinds = new Map(run.definition.steps.map(({ id, kind }) => [id, kind]));
  return (step) => kinds.get(step) ?? 'flow.unknown';
}

/** Drafts that hold what their kinds ask for; the others are failures of their steps, and not of the run. */
function checked(
  { kinds }: AdvanceDeps,
  tasks: readonly StartTask[],
): { drafts: (StartTask & { checked: TaskDraft })[]; refused: StepRecord[] } {
  const drafts: (StartTask & { checked: TaskDraft })[] = [];
  const refused: StepRecord[] = [];
  for (const task of tasks) {
    try {
      const [draft] = checkDrafts(kinds as Kinds, runJobKind, [task.draft], new Set());
      if (draft) drafts.push({ ...task, checked: draft });
    } catch (error) {
      if (!(error instanceof BacklotError)) throw error;
      const { step } = task.instance.node;
      const problem = String(error.params.problem ?? error.message).slice(0, 500);
      refused.push({
        key: task.key,
        step: step.id,
        at: [...task.instance.at],
        state: 'failed',
        branch: 'error',
        ports: {},
        failure: {
          class: 'input',
          reason: reason(flowPhrases, 'flow.draft_failed', { step: step.id, problem }),
          signature: `input:flow.draft_failed:${step.kind}`,
        },
        dueAt: null,
      });
    }
  }
  return { drafts, refused };
}

/** Creates the tasks; answers what is to be written beside the records. */
async function begin(
  deps: AdvanceDeps,
  change: Change,
  run: LoadedRun,
  answer: Advance,
  drafts: readonly (StartTask & { checked: TaskDraft })[],
): Promise<Map<string, StepExtra>> {
  const { job_id: jobId, project_id: projectId, alone_open: alone } = run.row;
  const extras = new Map<string, StepExtra>();
  if (drafts.length > 0) {
    const fitted = await fitDrafts(
      deps.kinds,
      change.tx,
      projectId,
      drafts.map((task) => task.checked),
    );
    await insertTasks(change, jobId, fitted);
    const rows = await change.tx
      .selectFrom('task')
      .select(['id', 'key'])
      .where('job_id', '=', jobId)
      .where(
        'key',
        'in',
        drafts.map(({ key }) => key),
      )
      .execute();
    const ids = new Map(rows.map(({ id, key }) => [key, id]));
    for (const { key, timeLimitMs } of drafts) {
      const taskId = ids.get(key);
      // Of a step that a node may be doing by itself only the node says that it took too long: see `startLimits`.
      if (taskId !== undefined) extras.set(key, { taskId, timeLimitMs: alone ? undefined : timeLimitMs });
    }
    // A node goes on with it, or may: it is there to be seen, and nobody places it.
    if (alone) {
      const wait = JSON.stringify(reason(flowPhrases, 'flow.wait.alone'));
      await sql`
        UPDATE task SET paused = true, wait = ${wait}::jsonb WHERE id = ANY(${[...ids.values()]}::uuid[])
      `.execute(change.tx);
    }
  }
  const performs = !alone;
  for (const { key, timeLimitMs } of answer.performs)
    extras.set(key, { performs, timeLimitMs: alone ? undefined : timeLimitMs });
  if (performs && answer.performs.length > 0) change.afterCommit(() => deps.sooner(0));
  return extras;
}

/** Writes what has become of the run, and of its job. */
async function book(
  deps: AdvanceDeps,
  change: Change,
  run: LoadedRun,
  answer: Advance,
  records: readonly StepRecord[],
  written: readonly StepRecord[],
): Promise<void> {
  const { id, job_id: jobId } = run.row;
  const handled = new Set(answer.handled);
  const tasks = records
    .filter(({ key, state }) => state === 'failed' && handled.has(key))
    .map(({ key }) => key);
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM task WHERE job_id = ${jobId} AND state = 'failed' AND key = ANY(${tasks})
  `.execute(change.tx);
  change.ledger.change(jobId, { failure: answer.failure, forgiven: rows[0]?.n ?? 0 });
  const open = records.some(({ state, step }) => state === 'running' && !isForEach(run, step));
  const state: FlowRunState = answer.ended?.state ?? (open ? 'running' : 'waiting');
  if (answer.dueAt !== null) {
    const inMs = Math.max(0, answer.dueAt - run.now);
    change.afterCommit(() => deps.sooner(inMs));
  }
  await sql`
    UPDATE flow_run SET state = ${state}, due_at = to_timestamp(${answer.dueAt}::float8 / 1000.0),
      failure = ${answer.failure === null ? null : JSON.stringify(answer.failure)}::jsonb,
      ended_at = ${answer.ended ? sql`now()` : null}
    WHERE id = ${id}
  `.execute(change.tx);
  if (answer.ended) await endAnchor(change, jobId, answer.ended.state, answer.failure);
  tell(deps, change, run, state, written, answer);
}

function isForEach(run: LoadedRun, step: string): boolean {
  return run.definition.steps.some(({ id, kind }) => id === step && kind === 'flow.for-each');
}

/** Most steps that an event names; whoever shows a run reads it anyway. */
const stepsInEvent = 50;

function tell(
  { metrics }: AdvanceDeps,
  change: Change,
  { row, steps }: LoadedRun,
  state: FlowRunState,
  written: readonly StepRecord[],
  answer: Advance,
): void {
  for (const record of written) {
    const before = steps.get(record.key);
    if (before && recordOfRow(before).state === record.state) continue;
    change.afterCommit(() => metrics.steps.inc({ state: record.state }));
  }
  if (written.length === 0 && row.state === state) return;
  change.events.push({
    projectId: row.project_id,
    kind: answer.ended ? 'flow.run.ended' : 'flow.run.changed',
    subject: { kind: 'flow-run', id: row.id },
    body: {
      flowId: row.flow_id,
      name: row.name,
      state,
      steps: written.slice(-stepsInEvent).map((record) => ({ key: record.key, state: record.state })),
      ...(answer.ended ? { failure: answer.failure, subject: subjectOf(row) } : {}),
    },
  });
  if (answer.ended) change.afterCommit(() => metrics.runs.inc({ state }));
}

export function subjectOf(row: {
  readonly subject_kind: string | null;
  readonly subject_id: string | null;
}): { kind: string; id: string } | null {
  return row.subject_kind === null || row.subject_id === null
    ? null
    : { kind: row.subject_kind, id: row.subject_id };
}
