import { type Kysely, sql } from 'kysely';

/** Counted places are looked for on every look at the fleet, and few allocations hold one. */
export const name = '0005-slots';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE INDEX allocation_slot ON allocation (node_id) WHERE state <> 'ended' AND resources ? 'slot'
  `.execute(db);
}
