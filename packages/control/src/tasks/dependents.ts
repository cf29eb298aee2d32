import { endingPhrases, reason } from '@backlot/contract';
import { sql } from 'kysely';
import type { Change } from './change.ts';

/**
 * Tells the tasks that build on these that they have succeeded. Those that have now all they need are queued.
 * The jobs are locked.
 */
export async function releaseDependents(change: Change, succeeded: readonly string[]): Promise<void> {
  if (succeeded.length === 0) return;
  const { rows } = await sql<{ id: string; open_needs: number }>`
    UPDATE task t SET
      open_needs = t.open_needs - met.n,
      wait = CASE WHEN t.state = 'blocked' AND t.wait->>'code' = 'wait.needs'
        THEN jsonb_set(jsonb_set(t.wait, '{params,count}', to_jsonb(t.open_needs - met.n)), '{message}',
                       to_jsonb('waits for ' || (t.open_needs - met.n) || CASE t.open_needs - met.n WHEN 1 THEN ' task' ELSE ' tasks' END || ' that it builds on'))
        ELSE t.wait END
    FROM (SELECT task_id, count(*)::int AS n FROM task_need WHERE needs_task_id = ANY(${succeeded}::uuid[])
          GROUP BY task_id) AS met
    WHERE t.id = met.task_id AND t.state NOT IN ('succeeded', 'failed')
    RETURNING t.id, t.open_needs
  `.execute(change.tx);
  const ready = rows.filter((row) => row.open_needs === 0).map(({ id }) => ({ id }));
  const moved = await change.ledger.moveAndTell('queued', ready, { only: ['blocked'] });
  if (moved.length > 0) change.wake('task-ready');
}

/**
 * Cancels everything that builds, directly or over others, on tasks that will never succeed: it could only wait for
 * ever. Answers the ids of what was canceled.
 */
export async function cancelDependents(change: Change, hopeless: readonly string[]): Promise<string[]> {
  if (hopeless.length === 0) return [];
  const { rows } = await sql<{ id: string; because: string }>`
    WITH RECURSIVE after (id, because) AS (
      SELECT n.task_id, t.key FROM task_need n JOIN task t ON t.id = n.needs_task_id
      WHERE n.needs_task_id = ANY(${hopeless}::uuid[])
      UNION
      SELECT n.task_id, t.key FROM task_need n JOIN after a ON a.id = n.needs_task_id JOIN task t ON t.id = a.id
    )
    SELECT DISTINCT ON (a.id) a.id, a.because FROM after a JOIN task t ON t.id = a.id
    WHERE t.state IN ('blocked', 'held') ORDER BY a.id, a.because
  `.execute(change.tx);
  const moved = await change.ledger.moveAndTell(
    'canceled',
    rows.map(({ id, because }) => ({
      id,
      patch: { wait: reason(endingPhrases, 'end.need_failed', { key: because }) },
    })),
    { only: ['blocked', 'held'] },
  );
  return moved.map(({ id }) => id);
}
