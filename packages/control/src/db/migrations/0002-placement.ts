import { type Kysely, sql } from 'kysely';

/**
 * What placement needs to stay quick with a long queue and exact with frozen work.
 *
 * `task.shape` names what a task asks of a node (resources, constraints, host): tasks of one shape fit the same
 * nodes, so one that doesn't fit answers for all behind it. The index leads from pool and class over project and
 * shape to the next task of each group without reading the queue.
 *
 * `allocation.cpu_held` tells whether the cores of an allocation count as used: frozen work keeps its memory and
 * gives its cores back until it is thawed.
 */
export const name = '0002-placement';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `ALTER TABLE task ADD COLUMN shape text NOT NULL DEFAULT ''`,
  `ALTER TABLE task_history ADD COLUMN shape text NOT NULL DEFAULT ''`,
  `DROP INDEX task_ready`,
  `CREATE INDEX task_ready ON task (pool, class, project_id, shape, priority DESC, id)
    WHERE state = 'queued' AND NOT paused`,
  `ALTER TABLE allocation ADD COLUMN cpu_held boolean NOT NULL DEFAULT true`,
  `ALTER TABLE allocation_history ADD COLUMN cpu_held boolean NOT NULL DEFAULT true`,
  // A task that must not go back to a node at all for a while, rather than only when there is another one.
  `ALTER TABLE avoidance ADD COLUMN strict boolean NOT NULL DEFAULT false`,
  `CREATE INDEX avoidance_until ON avoidance (until)`,
  // What the sweep looks for every second, each a handful of rows beside thousands.
  `CREATE INDEX allocation_offered ON allocation (offer_until) WHERE state = 'offered'`,
  `CREATE INDEX allocation_stopping ON allocation (stop_at) WHERE state = 'stopping'`,
  `CREATE INDEX allocation_unknown ON allocation (node_id) WHERE state = 'unknown'`,
  `CREATE INDEX allocation_frozen ON allocation (id) WHERE state = 'frozen' AND NOT cpu_held`,
  `CREATE INDEX allocation_open_of_job ON allocation (job_id) WHERE state <> 'ended'`,
  `CREATE INDEX task_held ON task (id) WHERE state = 'held'`,
  `CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL`,
];
