import {
  BacklotError,
  type Failure,
  flowPhrases,
  type Id,
  reason,
  refusalOf,
  type StepRecord,
  settlePerform,
  stepInputFor,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { Kernel } from '../../kernel.ts';
import { runChange } from '../../tasks/change.ts';
import { advanceRun, kindIn } from './advance-run.ts';
import { inputOfRun, loadRun, recordOfRow } from './run-rows.ts';
import type { StartDeps } from './start-run.ts';
import { writeSteps } from './write-steps.ts';

export interface PerformDeps extends StartDeps {
  readonly db: Db;
  readonly kernel: () => Kernel;
  readonly log: Logger;
}

/** Steps in one look. */
const batch = 50;
/** Pauses before a step that failed for a passing reason is performed again; the last one repeats. Milliseconds. */
const pausesMs = [500, 1_000, 2_000, 5_000, 15_000, 60_000] as const;
/** After so many faults of our own it has failed. What is only not possible yet is tried without end. */
const faultLimit = 8;
/** How long a step is left alone whose trouble could not even be written down. */
const putOffMs = 5_000;
/** How long a paused run's step is left alone. */
const pausedMs = 5_000;

/**
 * Performs steps that are the control plane's own, each in a transaction with its end and all that follows from it: it
 * happens wholly or not at all, and a process that dies in the middle leaves it to be done. Answers in how many
 * milliseconds the next is due, when that is known.
 */
export async function performSteps(deps: PerformDeps, signal: AbortSignal): Promise<number | null> {
  const { rows } = await sql<{ run_id: Id; job_id: Id; key: string; in_ms: number }>`
    SELECT s.run_id, r.job_id, s.key, extract(epoch FROM s.perform_at - now())::float8 * 1000 AS in_ms
    FROM flow_step s JOIN flow_run r ON r.id = s.run_id JOIN job j ON j.id = r.job_id
    WHERE s.state = 'running' AND s.perform_at IS NOT NULL AND r.ended_at IS NULL AND j.intent <> 'cancel'
    ORDER BY s.perform_at LIMIT ${batch}
  `.execute(deps.db);
  for (const row of rows) {
    if (signal.aborted) return null;
    if (row.in_ms > 0) return row.in_ms;
    try {
      await performOne(deps, row);
    } catch (error) {
      // Without the database nothing goes on; anything else is this step's, and the others must not wait for it.
      if (signal.aborted) return null;
      deps.log.warn({ err: error, run: row.run_id, step: row.key }, 'a step could not be performed; later');
      await putOff(deps, row);
    }
  }
  return rows.length === batch ? 0 : null;
}

/** @throws when the database is away: then the whole look is tried again */
async function putOff(deps: PerformDeps, due: Due): Promise<void> {
  await sql`
    UPDATE flow_step SET perform_at = now() + ${putOffMs} * interval '1 millisecond'
    WHERE run_id = ${due.run_id} AND key = ${due.key} AND perform_at IS NOT NULL
  `.execute(deps.db);
  deps.sooner(putOffMs);
}

interface Due {
  readonly run_id: Id;
  readonly job_id: Id;
  readonly key: string;
}

async function performOne(deps: PerformDeps, due: Due): Promise<void> {
  let kind = 'unknown';
  try {
    await withStep(deps, due, async ({ run, record, change }) => {
      kind = kindIn(run)(record.step);
      const input = inputOfRun(run, deps.installed.steps);
      const perform = deps.installed.performs.get(kind);
      if (!perform) return failed(record, missing(kind));
      const outcome = await perform(change.tx, stepInputFor(input, record), {
        kernel: deps.kernel(),
        projectId: run.row.project_id,
        runId: run.row.id,
        stepKey: record.key,
      });
      return settlePerform(input, record, outcome);
    });
    deps.metrics.performs.inc({ kind, outcome: 'ok' });
  } catch (error) {
    deps.metrics.performs.inc({ kind, outcome: 'failed' });
    if (error instanceof BacklotError && error.kind.status === 503) throw error;
    await afterFault(deps, due, error);
  }
}

/** A refusal is the step's failure; what may pass is tried again later. */
async function afterFault(deps: PerformDeps, due: Due, error: unknown): Promise<void> {
  deps.log.warn({ err: error, run: due.run_id, step: due.key }, 'a step could not be performed');
  await withStep(deps, due, async ({ record, attempts, change }) => {
    const refusal = error instanceof BacklotError;
    if (refusal ? !error.kind.retryable : attempts >= faultLimit) return failed(record, failureOf(error));
    const pause = pausesMs[Math.min(attempts, pausesMs.length - 1)] as number;
    await sql`
      UPDATE flow_step SET attempts = attempts + 1, perform_at = now() + ${pause} * interval '1 millisecond'
      WHERE run_id = ${due.run_id} AND key = ${due.key}
    `.execute(change.tx);
    change.afterCommit(() => deps.sooner(pause));
    return undefined;
  });
}

interface Step {
  readonly run: NonNullable<Awaited<ReturnType<typeof loadRun>>>;
  readonly record: StepRecord;
  readonly attempts: number;
  readonly change: Parameters<typeof advanceRun>[1];
}

/** Does something about a step that is still to be performed, under its job's lock, and takes the run further. */
async function withStep(
  deps: PerformDeps,
  due: Due,
  act: (step: Step) => Promise<StepRecord | undefined>,
): Promise<void> {
  await runChange(deps.changes, async (change) => {
    await change.ledger.lock([due.job_id]);
    const job = change.ledger.jobs.get(due.job_id);
    const run = await loadRun(change.tx, { runId: due.run_id });
    const row = run?.steps.get(due.key);
    if (!job || !run || run.row.ended_at !== null || row?.state !== 'running' || row.perform_at === null)
      return;
    if (job.intent === 'cancel') return;
    if (job.intent === 'pause') {
      await sql`
        UPDATE flow_step SET perform_at = now() + ${pausedMs} * interval '1 millisecond'
        WHERE run_id = ${due.run_id} AND key = ${due.key}
      `.execute(change.tx);
      return;
    }
    const record = await act({ run, record: recordOfRow(row), attempts: row.attempts, change });
    if (!record) return;
    await writeSteps(change.tx, due.run_id, kindIn(run), [record]);
    await advanceRun(deps, change, due.run_id);
  });
}

function failed(record: StepRecord, failure: Failure): StepRecord {
  return { ...record, state: 'failed', branch: 'error', ports: {}, failure, dueAt: null };
}

function missing(kind: string): Failure {
  return {
    class: 'product',
    reason: reason(flowPhrases, 'flow.kind_missing', { kind }),
    signature: 'product:flow.kind_missing',
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof BacklotError) {
    return { class: 'input', reason: refusalOf(error), signature: `input:${error.code}` };
  }
  const problem = (error instanceof Error ? error.message : 'unknown').slice(0, 500);
  return {
    class: 'product',
    reason: reason(flowPhrases, 'flow.outcome_failed', { step: '', problem }),
    signature: 'product:flow.outcome_failed',
  };
}
