import type { AllocationState, StateReport } from '@backlot/contract';
import { sql } from 'kysely';
import type { Change } from '../tasks/change.ts';
import { type OpenAllocation, tellChanged } from './rows.ts';

/** A report that only says how far the node is, which is most of them. */
export interface LightReport {
  readonly row: OpenAllocation;
  readonly message: StateReport;
  readonly next: AllocationState;
}

/** Whether a report moves nothing but the states of its allocation and task on their usual way. Pure. */
export function isLight(row: OpenAllocation, message: StateReport, next: AllocationState): boolean {
  const usual = row.state === 'offered' || row.state === 'accepted' || row.state === 'preparing';
  return (
    usual && row.cpu_held && message.outputs.length === 0 && (next === 'preparing' || next === 'running')
  );
}

/** Applies all of them with one statement for the allocations and one for their tasks. */
export async function applyLight(change: Change, reports: readonly LightReport[]): Promise<void> {
  if (reports.length === 0) return;
  await sql`
    UPDATE allocation a SET
      state = r.state, seq = r.seq, known_state = NULL, reason = coalesce(nullif(r.reason, 'null'), a.reason),
      started_at = CASE WHEN r.state = 'running' THEN coalesce(a.started_at, now()) ELSE a.started_at END
    FROM jsonb_to_recordset(${JSON.stringify(
      reports.map(({ row, message, next }) => ({
        id: row.id,
        state: next,
        seq: message.seq,
        reason: message.reason ?? null,
      })),
    )}::jsonb) AS r(id uuid, state text, seq int, reason jsonb)
    WHERE a.id = r.id
  `.execute(change.tx);
  const running = reports.filter(({ next }) => next === 'running');
  await change.ledger.moveAndTell(
    'running',
    running.map(({ row }) => ({ id: row.task_id })),
    { only: ['placed'] },
  );
  for (const { row, next } of reports) if (next !== row.state) tellChanged(change, row, next);
}
