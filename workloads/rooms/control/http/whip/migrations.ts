import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

/** Sessions of WHIP and WHEP: their addresses must work after a restart of the control plane as well. */
export const httpSessionMigrations: readonly Migration[] = [
  {
    name: 'rooms/0102-http-sessions',
    async up(db) {
      await sql`
        CREATE TABLE rooms_http_session (
          id_hash bytea PRIMARY KEY,
          room_id uuid NOT NULL REFERENCES rooms_room (id) ON DELETE CASCADE,
          identity text NOT NULL,
          kind text NOT NULL CHECK (kind IN ('whip', 'whep')),
          transport_id text NOT NULL,
          mids jsonb NOT NULL,
          etag text NOT NULL,
          ice_username text NOT NULL,
          created_at timestamptz NOT NULL DEFAULT now()
        )`.execute(db);
      await sql`CREATE INDEX rooms_http_session_owner ON rooms_http_session (room_id, identity)`.execute(db);
    },
  },
];
