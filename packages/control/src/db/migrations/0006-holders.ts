import { type Kysely, sql } from 'kysely';

/** Bytes that stay on nodes, and facts that nodes report. */
export const name = '0006-holders';

const steps = [
  `ALTER TABLE blob ADD COLUMN stored boolean NOT NULL DEFAULT true`,
  `ALTER TABLE artifact
    ADD COLUMN stored boolean NOT NULL DEFAULT true,
    ADD COLUMN holders uuid[] NOT NULL DEFAULT '{}'`,
  // A node that is removed takes its bytes with it: then its rows go, and what is nowhere else is lost and says so.
  `CREATE TABLE artifact_holder (
    digest text NOT NULL REFERENCES blob,
    node_id uuid NOT NULL REFERENCES node ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held','trashing','trashed','restoring')),
    since timestamptz NOT NULL DEFAULT now(),
    ask_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (digest, node_id)
  ) WITH (fillfactor = 80)`,
  `CREATE INDEX artifact_holder_node ON artifact_holder (node_id)`,
  `CREATE INDEX artifact_holder_ask ON artifact_holder (ask_at) WHERE state <> 'held'`,
  `CREATE TABLE task_fact (
    allocation_id uuid NOT NULL,
    key text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (allocation_id, key)
  )`,
  // Whoever reads a row of an artifact knows where its bytes are, without a second question.
  `CREATE FUNCTION artifact_whereabouts() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    -- While a backup is restored the blob may come later; then what the row says is right.
    NEW.stored := coalesce((SELECT stored FROM blob WHERE digest = NEW.digest), NEW.stored);
    NEW.holders := ARRAY(
      SELECT node_id FROM artifact_holder WHERE digest = NEW.digest AND state = 'held' ORDER BY since, node_id);
    RETURN NEW;
  END $$`,
  `CREATE TRIGGER artifact_whereabouts BEFORE INSERT ON artifact
    FOR EACH ROW EXECUTE FUNCTION artifact_whereabouts()`,
  `CREATE FUNCTION artifact_holders_changed() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE changed text := CASE WHEN TG_OP = 'DELETE' THEN OLD.digest ELSE NEW.digest END;
  BEGIN
    UPDATE artifact SET holders = ARRAY(
      SELECT node_id FROM artifact_holder WHERE digest = changed AND state = 'held' ORDER BY since, node_id)
    WHERE digest = changed;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER artifact_holders_changed AFTER INSERT OR DELETE OR UPDATE OF state ON artifact_holder
    FOR EACH ROW EXECUTE FUNCTION artifact_holders_changed()`,
  `CREATE FUNCTION artifact_stored_changed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE artifact SET stored = NEW.stored WHERE digest = NEW.digest AND stored <> NEW.stored;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER artifact_stored_changed AFTER UPDATE OF stored ON blob
    FOR EACH ROW WHEN (OLD.stored IS DISTINCT FROM NEW.stored) EXECUTE FUNCTION artifact_stored_changed()`,
];

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  for (const step of steps) await sql.raw(step).execute(db);
}
