import { sql } from 'kysely';
import { type Change, now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';

/** One pair in one transaction; so many in a row. */
const atOnce = 100;

/** Gives free instances to the sessions that wait for one, the longest first, until either runs out. */
export async function matchWaiting(ground: Ground, appId: string): Promise<void> {
  for (let pair = 0; pair < atOnce; pair += 1) {
    const found = await runChange(ground.kernel, (change) => matchOne(ground, change, appId));
    if (!found) return;
  }
}

/**
 * Nobody waits for a lock here: what another transaction just holds is skipped, and that transaction matches again when
 * it has committed. Sessions whose viewer is away keep their place and take nothing.
 */
async function matchOne(ground: Ground, change: Change, appId: string): Promise<boolean> {
  const { rows } = await sql<{ session_id: string; instance_id: string; version: number }>`
    WITH session AS MATERIALIZED (
      SELECT s.id, s.trial_version FROM streams_session s
      WHERE s.app_id = ${appId} AND s.state = 'waiting' AND s.away_since IS NULL
        AND EXISTS (
          SELECT 1 FROM streams_instance f
          WHERE f.app_id = ${appId} AND f.state = 'ready' AND f.streamer_at IS NOT NULL
            AND coalesce(f.retire NOT IN ('drained', 'stopped'), true)
            AND CASE WHEN s.trial_version IS NULL THEN NOT f.trial ELSE f.trial AND f.last_session_id = s.id END)
      ORDER BY s.requested_at, s.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ), free AS MATERIALIZED (
      SELECT f.id, f.version FROM streams_instance f, session s
      WHERE f.app_id = ${appId} AND f.state = 'ready' AND f.streamer_at IS NOT NULL
        AND coalesce(f.retire NOT IN ('drained', 'stopped'), true)
        AND CASE WHEN s.trial_version IS NULL THEN NOT f.trial ELSE f.trial AND f.last_session_id = s.id END
      ORDER BY (f.retire IS NOT NULL), f.ready_at LIMIT 1 FOR NO KEY UPDATE OF f SKIP LOCKED
    )
    SELECT s.id AS session_id, f.id AS instance_id, f.version FROM session s, free f
  `.execute(change.tx);
  const [pair] = rows;
  if (!pair) return false;
  const { session_id: sessionId, instance_id: instanceId, version } = pair;
  const instance = await change.moveInstance(instanceId, 'assigned', {
    session_id: sessionId,
    last_session_id: sessionId,
    sessions: sql`sessions + 1`,
    free_since: null,
  });
  const session =
    instance &&
    (await change.moveSession(sessionId, 'ready', { instance_id: instanceId, version, ready_at: now }));
  if (!session) throw new Error('A locked session or instance was moved by somebody else.');
  const app = await change.db
    .selectFrom('streams_app')
    .select('settings')
    .where('id', '=', appId)
    .executeTakeFirstOrThrow();
  const { relayOnly } = app.settings;
  const update = { kind: 'ready', instance: { instanceId, relayOnly } } as const;
  change.after(() => ground.words.say({ kind: 'notify', sessionId, update }));
  change.after(() => ground.keeper.wake(appId));
  return true;
}
