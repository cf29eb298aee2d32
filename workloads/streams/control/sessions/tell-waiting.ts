import type { Reason } from '@backlot/contract';
import type { Db } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { Ground } from '../ground.ts';
import type { PlayerUpdate } from '../ports.ts';
import { type Coming, type Pace, tellWaiting, type Waiting } from './queue.ts';

/** Samples that a pace is taken from. */
const samples = 20;

/** How quick an app's starts and sessions have been lately. */
export async function readPace(db: Db, appId: string): Promise<Pace> {
  const { rows } = await sql<{ start_ms: number | null; session_ms: number | null; in_use: number }>`
    SELECT
      (SELECT avg(ms)::float8 FROM (
        SELECT extract(epoch FROM ready_at - requested_at) * 1000 AS ms FROM streams_instance
        WHERE app_id = ${appId} AND ready_at IS NOT NULL ORDER BY id DESC LIMIT ${samples}) s) AS start_ms,
      (SELECT avg(ms)::float8 FROM (
        SELECT extract(epoch FROM coalesce(ended_at, now()) - ready_at) * 1000 AS ms FROM streams_session
        WHERE app_id = ${appId} AND ready_at IS NOT NULL ORDER BY id DESC LIMIT ${samples}) s) AS session_ms,
      (SELECT count(*)::int FROM streams_instance WHERE app_id = ${appId} AND state = 'assigned') AS in_use
  `.execute(db);
  const row = rows[0];
  return { startMs: row?.start_ms ?? null, sessionMs: row?.session_ms ?? null, inUse: row?.in_use ?? 0 };
}

/** What everybody who waits for an app is to be told, by session, in the order of the queue. */
export async function readWaiting(db: Db, appId: string): Promise<Map<string, PlayerUpdate>> {
  const { rows: waiting } = await sql<Waiting>`
    SELECT id AS "sessionId", extract(epoch FROM now() - requested_at)::float8 * 1000 AS "waitedMs"
    FROM streams_session WHERE app_id = ${appId} AND state = 'waiting' ORDER BY requested_at, id
  `.execute(db);
  if (waiting.length === 0) return new Map();
  const { rows: coming } = await sql<Coming & { readonly wait: Reason | null }>`
    SELECT i.state, i.started_at IS NOT NULL AS running, t.wait
    FROM streams_instance i LEFT JOIN task t ON t.job_id = i.job_id
    WHERE i.app_id = ${appId} AND i.state IN ('requested', 'starting', 'resetting') AND i.retire IS NULL
    ORDER BY i.state = 'resetting' DESC, i.started_at NULLS LAST, i.id
  `.execute(db);
  return tellWaiting(
    waiting.map((row) => ({ ...row, waitedMs: Math.round(row.waitedMs) })),
    coming,
    await readPace(db, appId),
  );
}

/** Tells them. @param repeat also those for whom nothing but the time has changed */
export async function tellQueue(ground: Ground, appId: string, repeat: boolean): Promise<void> {
  for (const [sessionId, update] of await readWaiting(ground.kernel.db, appId))
    ground.hub.notifyWaiting(sessionId, update, repeat);
}
