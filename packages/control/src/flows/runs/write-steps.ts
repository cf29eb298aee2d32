import { endedFlowStepStates, newId, type StepRecord } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../../db/schema.ts';

/** What is known of a step beside its record. */
export interface StepExtra {
  readonly taskId?: string;
  readonly performs?: boolean;
  /** Milliseconds from now. */
  readonly timeLimitMs?: number | undefined;
  readonly reusedFrom?: string;
}

/** Writes records of steps: new ones are inserted, known ones get their new state. */
export async function writeSteps(
  tx: Tx,
  runId: string,
  kindOf: (step: string) => string,
  records: readonly StepRecord[],
  extras: ReadonlyMap<string, StepExtra> = new Map(),
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map((record) => {
    const extra = extras.get(record.key);
    return {
      id: newId(),
      key: record.key,
      step: record.step,
      at: record.at,
      kind: kindOf(record.step),
      state: record.state,
      branch: record.branch,
      ports: record.ports,
      failure: record.failure,
      due: record.dueAt,
      ended: endedFlowStepStates.includes(record.state),
      task_id: extra?.taskId ?? null,
      performs: extra?.performs ?? false,
      limit_ms: extra?.timeLimitMs ?? null,
      reused_from: extra?.reusedFrom ?? null,
    };
  });
  await sql`
    INSERT INTO flow_step (run_id, key, id, step, at, kind, state, branch, ports, failure, due_at, task_id, perform_at,
                           deadline_at, reused_from, ended_at)
    SELECT ${runId}, r.key, r.id, r.step, r.at, r.kind, r.state, r.branch, r.ports, nullif(r.failure, 'null'),
           to_timestamp(r.due / 1000.0), r.task_id, CASE WHEN r.performs THEN now() END,
           now() + r.limit_ms * interval '1 millisecond', r.reused_from, CASE WHEN r.ended THEN now() END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      id uuid, key text, step text, at jsonb, kind text, state text, branch text, ports jsonb, failure jsonb,
      due float8, ended boolean, task_id uuid, performs boolean, limit_ms float8, reused_from uuid)
    ON CONFLICT (run_id, key) DO UPDATE SET
      state = excluded.state, branch = excluded.branch, ports = excluded.ports, failure = excluded.failure,
      due_at = excluded.due_at, ended_at = excluded.ended_at,
      task_id = coalesce(flow_step.task_id, excluded.task_id),
      perform_at = CASE WHEN excluded.ended_at IS NULL THEN flow_step.perform_at END
  `.execute(tx);
}
