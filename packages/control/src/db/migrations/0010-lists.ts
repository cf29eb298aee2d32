import { type Kysely, sql } from 'kysely';

/** Indexes for lists that looked at all rows to find a few: see `flows/lists.test.ts`. */
export const name = '0010-lists';

const steps = [
  // Of few states there are few runs, and they may be old.
  `CREATE INDEX flow_run_state ON flow_run (state, id DESC)`,
  `CREATE INDEX flow_run_about ON flow_run (subject_id, id DESC) WHERE subject_id IS NOT NULL`,
  `CREATE INDEX flow_run_open_of_flow ON flow_run (flow_id) WHERE ended_at IS NULL`,
  `CREATE INDEX artifact_kind ON artifact (kind, id DESC) WHERE deleted_at IS NULL`,
];

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  for (const step of steps) await sql.raw(step).execute(db);
}
