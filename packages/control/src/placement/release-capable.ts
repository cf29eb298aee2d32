import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { type ChangeDeps, runChange } from '../tasks/change.ts';
import { anotherCandidate } from './another-candidate.ts';

/** Held tasks looked at in one sweep. */
const batch = 100;
/** No node has this id: any node that the task doesn't keep away from will do. */
const noNode = '00000000-0000-0000-0000-000000000000';

/**
 * Lets tasks go on that were held because no other node could do them, as soon as one can: a machine was joined, or
 * the node that failed has been forgiven. Those that wait for a person stay held.
 */
export async function releaseCapable(deps: ChangeDeps & { readonly db: Db }): Promise<void> {
  const { rows } = await sql<{ id: string; job_id: string | null }>`
    SELECT id, job_id FROM task WHERE state = 'held' AND failure->>'class' = 'capability' ORDER BY id LIMIT ${batch}
  `.execute(deps.db);
  if (rows.length === 0) return;
  await runChange(deps, async (change) => {
    await change.ledger.lock(rows.map((row) => row.job_id));
    for (const { id } of rows) {
      const task = await change.tx.selectFrom('task').selectAll().where('id', '=', id).executeTakeFirst();
      if (task?.state !== 'held' || !(await anotherCandidate(change.tx, task, noNode))) continue;
      const moved = await change.ledger.moveAndTell('queued', [{ id }], { only: ['held'] });
      if (moved.length > 0) change.wake('task-ready');
    }
  });
}
