import { type Kysely, sql } from 'kysely';

/** What is to be said of how a run began, and since when a run goes on without the node that has begun it. */
export const name = '0009-run-notes';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE flow_run ADD COLUMN note jsonb`.execute(db);
  // The node that is to tell of it is lost: what needs nothing that only this node has goes on elsewhere.
  await sql`ALTER TABLE flow_run ADD COLUMN alone_lost_at timestamptz`.execute(db);
}
