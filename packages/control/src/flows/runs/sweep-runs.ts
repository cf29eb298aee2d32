import { flowPhrases, type Id, reason, type StepRecord } from '@backlot/contract';
import { sql } from 'kysely';
import type { StopRequest } from '../../allocations/stop.ts';
import { cancelTasks } from '../../jobs/follow.ts';
import { type Change, runChange } from '../../tasks/change.ts';
import { advanceRun, kindIn } from './advance-run.ts';
import { closeRun } from './close-run.ts';
import type { PerformDeps } from './perform-steps.ts';
import { loadRun, recordOfRow } from './run-rows.ts';
import { settleRun } from './settle-run.ts';
import { writeSteps } from './write-steps.ts';

export interface SweepDeps extends PerformDeps {
  readonly stopTasks: (change: Change, taskIds: readonly string[], request: StopRequest) => Promise<void>;
}

/** Runs in one look of each kind. */
const batch = 100;

/**
 * What time changes in runs, and what was overlooked: waits that are over, steps that have taken too long, tasks that were
 * ended in passing (canceled one by one), jobs that have ended without their runs. Each is a transaction that looks again
 * under the job's lock. Answers in how many milliseconds the next wait is over.
 */
export async function sweepRuns(deps: SweepDeps, signal: AbortSignal): Promise<number | null> {
  await over(deps, signal, deadlines, failLate);
  await over(deps, signal, overlooked, (change, run) => settleRun(deps, change, run.job_id));
  await over(deps, signal, leftOpen, (change, run) => closeRun(deps, change, run.id));
  await over(deps, signal, due, async (change, run) => {
    if (run.late_ms !== null) deps.metrics.late.observe(run.late_ms / 1_000);
    await advanceRun(deps, change, run.id);
  });
  if (signal.aborted) return null;
  const { rows } = await sql<{ in_ms: number | null }>`
    SELECT extract(epoch FROM min(due_at) - now())::float8 * 1000 AS in_ms FROM flow_run
    WHERE ended_at IS NULL AND due_at > now()
  `.execute(deps.db);
  return rows[0]?.in_ms ?? null;
}

interface Found {
  readonly id: Id;
  readonly job_id: Id;
  readonly late_ms: number | null;
}
type Look = () => ReturnType<typeof sql<Found>>;

const due: Look = () => sql<Found>`
  SELECT id, job_id, extract(epoch FROM now() - due_at)::float8 * 1000 AS late_ms FROM flow_run
  WHERE ended_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT ${batch}`;
const overlooked: Look = () => sql<Found>`
  SELECT DISTINCT r.id, r.job_id, NULL::float8 AS late_ms FROM flow_step s
  JOIN flow_run r ON r.id = s.run_id JOIN task t ON t.id = s.task_id
  WHERE s.state = 'running' AND s.task_id IS NOT NULL AND r.ended_at IS NULL
    AND t.state IN ('succeeded', 'failed', 'canceled')
  LIMIT ${batch}`;
const leftOpen: Look = () => sql<Found>`
  SELECT r.id, r.job_id, NULL::float8 AS late_ms FROM flow_run r LEFT JOIN job j ON j.id = r.job_id
  WHERE r.ended_at IS NULL AND (j.id IS NULL OR j.ended_at IS NOT NULL) LIMIT ${batch}`;
const deadlines: Look = () => sql<Found>`
  SELECT DISTINCT r.id, r.job_id, NULL::float8 AS late_ms FROM flow_step s JOIN flow_run r ON r.id = s.run_id
  WHERE s.state = 'running' AND s.deadline_at <= now() AND r.ended_at IS NULL LIMIT ${batch}`;

async function over(
  deps: SweepDeps,
  signal: AbortSignal,
  look: Look,
  act: (change: Change, run: Found, deps: SweepDeps) => Promise<void>,
): Promise<void> {
  if (signal.aborted) return;
  const { rows } = await look().execute(deps.db);
  for (const run of rows) {
    if (signal.aborted) return;
    try {
      await runChange(deps.changes, async (change) => {
        await change.ledger.lock([run.job_id]);
        await act(change, run, deps);
      });
    } catch (error) {
      // One run that can't be taken further must not keep the others from it.
      deps.log.warn({ err: error, run: run.id }, 'a run of a flow could not be taken further');
    }
  }
}

/** Steps that have taken longer than they may fail, and their tasks are stopped. */
async function failLate(change: Change, found: Found, deps: SweepDeps): Promise<void> {
  const run = await loadRun(change.tx, { runId: found.id });
  const job = change.ledger.jobs.get(found.job_id);
  if (!run || !job || run.row.ended_at !== null || job.intent === 'cancel') return;
  const late = [...run.steps.values()].filter(
    (step) => step.state === 'running' && step.deadline_at !== null && step.deadline_at.getTime() <= run.now,
  );
  const records = late.map((step): StepRecord => {
    const failure = {
      class: 'stall' as const,
      reason: reason(flowPhrases, 'flow.time_limit', { step: step.step }),
      signature: 'stall:flow.time_limit',
    };
    return { ...recordOfRow(step), state: 'failed', branch: 'error', failure };
  });
  await writeSteps(change.tx, run.row.id, kindIn(run), records);
  await cancelTasks(
    deps,
    change,
    late.flatMap(({ task_id }) => task_id ?? []),
    { why: 'canceled', who: 'system' },
  );
  await advanceRun(deps, change, run.row.id);
}
