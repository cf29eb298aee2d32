import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';

/**
 * Keeps the present load of all nodes that were heard lately, for their curves. One statement for the fleet; run by
 * every replica, written by the first.
 */
export async function keepSamples(db: Db, everyMs: number): Promise<void> {
  const seconds = everyMs / 1000;
  await sql`
    INSERT INTO node_sample (node_id, at, load)
    SELECT node_id, to_timestamp(floor(extract(epoch FROM now()) / ${seconds}) * ${seconds}), load
    FROM node_lease
    WHERE load IS NOT NULL AND seen_at > now() - make_interval(secs => ${seconds})
    ON CONFLICT DO NOTHING
  `.execute(db);
}

/** Forgets samples that are older than the curves go back. */
export async function forgetSamples(db: Db, olderThanMs: number): Promise<void> {
  await sql`DELETE FROM node_sample WHERE at < now() - make_interval(secs => ${olderThanMs / 1000})`.execute(
    db,
  );
}
