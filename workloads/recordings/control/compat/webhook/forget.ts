import type { Db } from '@backlot/control/workload';
import { sql } from 'kysely';
import { compatTables } from '../tables.ts';

const dayMs = 24 * 60 * 60_000;
/** Ids of webhooks are remembered so long. A recorder repeats one three times within seconds. Milliseconds. */
export const eventMs = 7 * dayMs;
/**
 * A file that is finished, and its session, are remembered so long after something was told of them last. Longer than ids,
 * because what is late has an id of its own: version 1 of a close, a log of webhooks that somebody replays, a proxy that held
 * them back while we were away. None of these is a quarter late, and until then a file is known once. Later than that it would
 * be a new one: better than to hold every file of every room for ever. Fifty rooms with a file each half hour are 216,000 rows.
 */
export const fileMs = 90 * dayMs;
/** Rows of a table in one go: the first time there may be years of them, and sweeps come every few seconds. */
export const mostForgotten = 1_000;

/**
 * Forgets what webhooks have told and nothing can follow from any more. Files that are open stay: the sweep brings each to an
 * end first. A session stays as long as a file of it, because the end of the file follows from it. Repeatable; several control
 * processes may do it at once.
 */
export async function forgetOld(db: Db, now: number): Promise<void> {
  const old = new Date(now - fileMs);
  await compatTables(db)
    .deleteFrom('recordings_webhook_event')
    .where('at', '<', new Date(now - eventMs))
    .execute();
  await sql`
    DELETE FROM recordings_webhook_file WHERE state = 'closed' AND seen_at < ${old} AND id IN (
      SELECT id FROM recordings_webhook_file WHERE state = 'closed' AND seen_at < ${old}
      ORDER BY seen_at LIMIT ${mostForgotten} FOR UPDATE SKIP LOCKED
    )`.execute(db);
  await sql`
    DELETE FROM recordings_webhook_session WHERE (project_id, source, session_id) IN (
      SELECT s.project_id, s.source, s.session_id FROM recordings_webhook_session s
      WHERE s.seen_at < ${old} AND NOT EXISTS (
        SELECT FROM recordings_webhook_file f
        WHERE f.project_id = s.project_id AND f.source = s.source AND f.session_id = s.session_id
      )
      ORDER BY s.seen_at LIMIT ${mostForgotten} FOR UPDATE OF s SKIP LOCKED
    )`.execute(db);
}
