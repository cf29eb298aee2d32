import { type StepRecord, type StepTask, settleTask } from '@backlot/contract';
import { sql } from 'kysely';
import type { Change } from '../../tasks/change.ts';
import { type AdvanceDeps, advanceRun, kindIn } from './advance-run.ts';
import { inputOfRun, loadRun, outputsOfTask, recordOfRow } from './run-rows.ts';
import { writeSteps } from './write-steps.ts';

type EndedTaskRow = Pick<StepTask, 'result' | 'failure' | 'state'> & {
  readonly id: string;
  readonly key: string;
};

/**
 * Takes the ends of a run's tasks in, and takes the run further: all that have ended and whose steps don't know yet, so that
 * it does not matter which of them is the occasion, or whether one was overlooked. The job is locked.
 */
export async function settleRun(deps: AdvanceDeps, change: Change, jobId: string): Promise<void> {
  const run = await loadRun(change.tx, { jobId });
  if (!run || run.row.ended_at !== null) return;
  const { rows } = await sql<EndedTaskRow>`
    SELECT t.id, s.key, t.state, t.result, t.failure FROM flow_step s JOIN task t ON t.id = s.task_id
    WHERE s.run_id = ${run.row.id} AND s.state = 'running' AND t.state IN ('succeeded', 'failed', 'canceled')
    ORDER BY s.id
  `.execute(change.tx);
  const settled: StepRecord[] = [];
  for (const task of rows) {
    const row = run.steps.get(task.key);
    if (!row) continue;
    const outputs = await outputsOfTask(change.tx, task.id);
    const record = settleTask(inputOfRun(run, deps.installed.steps), recordOfRow(row), { ...task, outputs });
    settled.push(record);
  }
  await writeSteps(change.tx, run.row.id, kindIn(run), settled);
  await advanceRun(deps, change, run.row.id);
}
