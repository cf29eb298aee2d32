import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

export const compat: Migration = {
  name: 'recordings/0002-compat',
  async up(db) {
    await sql`
      CREATE TABLE recordings_nglive (
        project_id uuid PRIMARY KEY REFERENCES project (id) ON DELETE CASCADE,
        id uuid NOT NULL UNIQUE,
        enabled boolean NOT NULL,
        name text NOT NULL,
        token_hash text UNIQUE,
        recorder text NOT NULL CHECK (recorder IN ('bililive', 'resolver')),
        flow jsonb,
        reverse bytea,
        revision integer NOT NULL DEFAULT 1,
        lease_by uuid,
        lease_until timestamptz
      )`.execute(db);
    await sql`
      CREATE TABLE recordings_nglive_block (
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        room_id bigint NOT NULL,
        reason text NOT NULL,
        by_name text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (project_id, room_id)
      )`.execute(db);
    await sql`
      CREATE TABLE recordings_webhook_event (
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        event_id uuid NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (project_id, event_id)
      )`.execute(db);
    await sql`
      CREATE TABLE recordings_webhook_session (
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        source text NOT NULL,
        session_id text NOT NULL,
        room_id bigint NOT NULL,
        started_at timestamptz,
        ended_at timestamptz,
        PRIMARY KEY (project_id, source, session_id)
      )`.execute(db);
    await sql`CREATE INDEX recordings_webhook_session_room ON recordings_webhook_session (project_id, room_id)`.execute(
      db,
    );
    await sql`
      CREATE TABLE recordings_webhook_file (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        source text NOT NULL,
        session_id text NOT NULL,
        path text NOT NULL,
        room_id bigint NOT NULL,
        name text NOT NULL,
        title text NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'closed')),
        opened_at timestamptz,
        closed_at timestamptz,
        size bigint,
        duration_ms bigint,
        assumed boolean NOT NULL DEFAULT false,
        seen_at timestamptz NOT NULL DEFAULT now()
      )`.execute(db);
    // By the path's digest (md5 alone may stand in an index without an extension): a title of a thousand Chinese characters is too long for an index.
    await sql`
      CREATE UNIQUE INDEX recordings_webhook_file_once
      ON recordings_webhook_file (project_id, source, session_id, md5(path))`.execute(db);
    await sql`CREATE INDEX recordings_webhook_file_open ON recordings_webhook_file (project_id, source) WHERE state = 'open'`.execute(
      db,
    );
  },
};

/** Open files are looked at when they are due, and the oldest must not keep the others from it. */
export const webhookDue: Migration = {
  name: 'recordings/0003-webhook-due',
  async up(db) {
    await sql`ALTER TABLE recordings_webhook_file ADD COLUMN look_at timestamptz NOT NULL DEFAULT now()`.execute(
      db,
    );
    await sql`CREATE INDEX recordings_webhook_file_due ON recordings_webhook_file (look_at) WHERE state = 'open'`.execute(
      db,
    );
    await sql`CREATE INDEX recordings_webhook_event_old ON recordings_webhook_event (at)`.execute(db);
  },
};

/** Sessions have a time of ours, and both tables are found by age: what is old is forgotten. */
export const webhookAge: Migration = {
  name: 'recordings/0006-webhook-age',
  async up(db) {
    // Those that there are count from now on: their own times are by the clocks of recorders.
    await sql`ALTER TABLE recordings_webhook_session ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now()`.execute(
      db,
    );
    await sql`CREATE INDEX recordings_webhook_session_old ON recordings_webhook_session (seen_at)`.execute(
      db,
    );
    await sql`CREATE INDEX recordings_webhook_file_old ON recordings_webhook_file (seen_at) WHERE state = 'closed'`.execute(
      db,
    );
  },
};
