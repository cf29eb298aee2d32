import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

/** Rooms, who is in them, and which tokens are taken back. */
const rooms: Migration = {
  name: 'rooms/0001-rooms',
  async up(db) {
    await sql`
      CREATE TABLE rooms_room (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
        state text NOT NULL CHECK (state IN ('created', 'active', 'moving', 'draining', 'closed')),
        settings jsonb NOT NULL,
        locked boolean NOT NULL DEFAULT false,
        job_id uuid,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        empty_since timestamptz DEFAULT now(),
        visited boolean NOT NULL DEFAULT false,
        closed_at timestamptz,
        event_seq bigint NOT NULL DEFAULT 0,
        CHECK ((state = 'closed') = (closed_at IS NOT NULL))
      )`.execute(db);
    // Two people who open the same room at once get one room.
    await sql`CREATE UNIQUE INDEX rooms_room_open ON rooms_room (name) WHERE closed_at IS NULL`.execute(db);
    await sql`CREATE INDEX rooms_room_newest ON rooms_room (project_id, id)`.execute(db);
    await sql`CREATE INDEX rooms_room_job ON rooms_room (job_id) WHERE job_id IS NOT NULL`.execute(db);
    await sql`
      CREATE TABLE rooms_participant (
        room_id uuid NOT NULL REFERENCES rooms_room (id) ON DELETE CASCADE,
        identity text NOT NULL,
        session_hash text UNIQUE,
        name text NOT NULL,
        role text NOT NULL CHECK (role IN ('host', 'member', 'viewer')),
        permissions jsonb NOT NULL,
        metadata text NOT NULL DEFAULT '',
        device jsonb NOT NULL,
        memory jsonb NOT NULL,
        via text NOT NULL CHECK (via IN ('signalling', 'api')),
        token_id uuid,
        joined_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (room_id, identity)
      )`.execute(db);
    await sql`
      CREATE TABLE rooms_revocation (
        token_id uuid,
        room text,
        identity text,
        before timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CHECK ((token_id IS NULL) <> (room IS NULL)),
        CHECK ((room IS NULL) = (identity IS NULL))
      )`.execute(db);
    await sql`CREATE UNIQUE INDEX rooms_revocation_token ON rooms_revocation (token_id)`.execute(db);
    await sql`CREATE UNIQUE INDEX rooms_revocation_identity ON rooms_revocation (room, identity)`.execute(db);
    await sql`CREATE INDEX rooms_revocation_expiry ON rooms_revocation (expires_at)`.execute(db);
  },
};

export const migrations: readonly Migration[] = [rooms];
