import { type Kysely, sql } from 'kysely';

/** Events on which a workload's reaction failed until it was given up, so that a person can look at them. */
export const name = '0004-reaction-failures';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  await sql`CREATE TABLE reaction_failure (
    name text NOT NULL,
    event_seq bigint NOT NULL,
    attempts integer NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, event_seq)
  )`.execute(db);
}
