import { type Kysely, sql } from 'kysely';

/** Flows: stored graphs of steps with their versions, and the runs that triggers make of them. */
export const name = '0007-flows';

const steps = [
  // Failed tasks that a flow has got over by an error way: they don't make their job fail.
  `ALTER TABLE job ADD COLUMN forgiven integer NOT NULL DEFAULT 0`,
  `CREATE TABLE flow (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES project,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    version integer NOT NULL,
    version_id uuid NOT NULL,
    trigger_kind text NOT NULL,
    trigger jsonb NOT NULL,
    step_kinds jsonb NOT NULL,
    step_count integer NOT NULL,
    next_at timestamptz,
    actor_id text,
    actor_name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
  )`,
  `CREATE UNIQUE INDEX flow_name ON flow (project_id, lower(name)) WHERE removed_at IS NULL`,
  `CREATE INDEX flow_trigger ON flow (trigger_kind, project_id) WHERE removed_at IS NULL AND enabled`,
  `CREATE INDEX flow_next ON flow (next_at) WHERE removed_at IS NULL AND enabled AND next_at IS NOT NULL`,
  `CREATE TABLE flow_version (
    id uuid PRIMARY KEY,
    flow_id uuid NOT NULL REFERENCES flow ON DELETE CASCADE,
    number integer NOT NULL,
    definition jsonb NOT NULL,
    text text NOT NULL,
    note text NOT NULL DEFAULT '',
    actor_id text,
    actor_name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (flow_id, number)
  )`,
  // What a run was made from can always be looked at: a version is written once.
  `CREATE FUNCTION flow_version_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a version of a flow never changes';
  END $$`,
  `CREATE TRIGGER flow_version_fixed BEFORE UPDATE ON flow_version
    FOR EACH ROW EXECUTE FUNCTION flow_version_fixed()`,
  `CREATE TABLE flow_run (
    id uuid PRIMARY KEY,
    flow_id uuid NOT NULL REFERENCES flow,
    version_id uuid NOT NULL REFERENCES flow_version,
    project_id uuid NOT NULL REFERENCES project,
    job_id uuid NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    trigger_kind text NOT NULL,
    trigger_data jsonb NOT NULL,
    trigger_ports jsonb NOT NULL,
    subject_kind text,
    subject_id text,
    state text NOT NULL CHECK (state IN ('running','waiting','succeeded','failed','canceled')),
    failure jsonb,
    due_at timestamptz,
    retry_of uuid,
    alone_on uuid,
    actor_id text,
    actor_name text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (flow_id, key)
  ) WITH (fillfactor = 80)`,
  `CREATE UNIQUE INDEX flow_run_job ON flow_run (job_id)`,
  `CREATE INDEX flow_run_list ON flow_run (project_id, id DESC)`,
  `CREATE INDEX flow_run_of_flow ON flow_run (flow_id, id DESC)`,
  `CREATE INDEX flow_run_subject ON flow_run (subject_kind, subject_id, id DESC) WHERE subject_id IS NOT NULL`,
  `CREATE INDEX flow_run_open ON flow_run (id) WHERE ended_at IS NULL`,
  `CREATE INDEX flow_run_due ON flow_run (due_at) WHERE ended_at IS NULL AND due_at IS NOT NULL`,
  `CREATE TABLE flow_step (
    run_id uuid NOT NULL REFERENCES flow_run ON DELETE CASCADE,
    key text NOT NULL,
    id uuid NOT NULL UNIQUE,
    step text NOT NULL,
    at jsonb NOT NULL,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('running','waiting','succeeded','failed','skipped','canceled')),
    branch text,
    ports jsonb NOT NULL DEFAULT '{}',
    failure jsonb,
    task_id uuid,
    due_at timestamptz,
    deadline_at timestamptz,
    perform_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    reused_from uuid,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (run_id, key)
  ) WITH (fillfactor = 80)`,
  `CREATE INDEX flow_step_task ON flow_step (task_id) WHERE state = 'running' AND task_id IS NOT NULL`,
  `CREATE INDEX flow_step_perform ON flow_step (perform_at) WHERE state = 'running' AND perform_at IS NOT NULL`,
  `CREATE INDEX flow_step_deadline ON flow_step (deadline_at) WHERE state = 'running' AND deadline_at IS NOT NULL`,
];

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  for (const step of steps) await sql.raw(step).execute(db);
}
