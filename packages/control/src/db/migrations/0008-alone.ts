import { type Kysely, sql } from 'kysely';

/** Runs that a node has begun, or may have begun, by itself. */
export const name = '0008-alone';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  // The node goes on with it: nothing of it is placed or performed here.
  await sql`ALTER TABLE flow_run ADD COLUMN alone_open boolean NOT NULL DEFAULT false`.execute(db);
  await sql`CREATE INDEX flow_run_alone ON flow_run (alone_on) WHERE alone_open`.execute(db);
}
