import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** How long what nobody will ask for again is kept, in days. */
export interface Retention {
  /** Events; a project's own number of days comes first. */
  readonly eventDays: number;
  /** Tasks and attempts of ended jobs, and ended runs of flows. The jobs themselves, and their artifacts, have rules of their own. */
  readonly taskDays: number;
  readonly idempotencyDays: number;
}
export const usualRetention: Retention = { eventDays: 90, taskDays: 365, idempotencyDays: 2 };

/** Rows in one statement, so that no lock is held for long. */
const batch = 5_000;

/**
 * Removes what is past its time, piece by piece. The audit is never touched. Answers rows removed by table.
 */
export async function applyRetention(
  db: Db,
  { eventDays, taskDays, idempotencyDays }: Retention,
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const days = (n: number) => sql`${n}::int * interval '1 day'`;
  const steps: Record<string, RawBuilder<unknown>> = {
    event: sql`
      DELETE FROM event WHERE seq IN (
        SELECT e.seq FROM event e LEFT JOIN project p ON p.id = e.project_id
        WHERE e.at < now() - ${days(1)}
          AND e.at < now() - coalesce(p.retention_days, ${eventDays}::int) * interval '1 day'
          AND e.seq <= coalesce((SELECT min(seq) FROM event_cursor), e.seq)
        ORDER BY e.seq LIMIT ${batch})`,
    login_session: sql`
      DELETE FROM login_session WHERE id IN (SELECT id FROM login_session WHERE expires_at < now() LIMIT ${batch})`,
    one_time_link: sql`
      DELETE FROM one_time_link WHERE token_hash IN (
        SELECT token_hash FROM one_time_link WHERE expires_at < now() - ${days(7)} LIMIT ${batch})`,
    idempotency: sql`
      DELETE FROM idempotency WHERE (actor, key) IN (
        SELECT actor, key FROM idempotency WHERE created_at < now() - ${days(idempotencyDays)} LIMIT ${batch})`,
    webhook_delivery: sql`
      DELETE FROM webhook_delivery WHERE id IN (
        SELECT id FROM webhook_delivery WHERE state <> 'pending' AND at < now() - ${days(eventDays)} LIMIT ${batch})`,
    allocation_history: sql`
      DELETE FROM allocation_history WHERE id IN (
        SELECT id FROM allocation_history WHERE ended_at < now() - ${days(taskDays)} LIMIT ${batch})`,
    task_history: sql`
      DELETE FROM task_history WHERE id IN (
        SELECT id FROM task_history WHERE ended_at < now() - ${days(taskDays)} LIMIT ${batch})`,
    // Their steps go with them; versions stay with their flow.
    flow_run: sql`
      DELETE FROM flow_run WHERE id IN (
        SELECT id FROM flow_run WHERE ended_at < now() - ${days(taskDays)} LIMIT ${batch})`,
    task_need_history: sql`
      DELETE FROM task_need_history n WHERE (n.task_id, n.needs_task_id) IN (
        SELECT h.task_id, h.needs_task_id FROM task_need_history h
        WHERE NOT EXISTS (SELECT 1 FROM task_history t WHERE t.id = h.task_id)
          AND NOT EXISTS (SELECT 1 FROM task t WHERE t.id = h.task_id) LIMIT ${batch})`,
  };
  const removed: Record<string, number> = {};
  for (const [table, statement] of Object.entries(steps)) {
    let total = 0;
    for (;;) {
      if (signal?.aborted) return removed;
      const { numAffectedRows } = await statement.execute(db);
      const n = Number(numAffectedRows ?? 0n);
      total += n;
      if (n < batch) break;
    }
    if (total > 0) removed[table] = total;
  }
  return removed;
}
