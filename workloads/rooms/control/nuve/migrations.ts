import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

/** Services (tenants) of Nuve, their rooms, and the nonces of signed requests. */
export const nuveMigrations: readonly Migration[] = [
  {
    name: 'rooms/0103-nuve',
    async up(db) {
      await sql`
        CREATE TABLE rooms_nuve_service (
          id uuid PRIMARY KEY,
          project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
          name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
          key_sealed bytea NOT NULL,
          created_at timestamptz NOT NULL DEFAULT now()
        )`.execute(db);
      await sql`
        CREATE TABLE rooms_nuve_room (
          room_id uuid PRIMARY KEY REFERENCES rooms_room (id) ON DELETE CASCADE,
          service_id uuid NOT NULL REFERENCES rooms_nuve_service (id) ON DELETE CASCADE,
          name text NOT NULL,
          facts jsonb NOT NULL
        )`.execute(db);
      await sql`CREATE INDEX rooms_nuve_room_service ON rooms_nuve_room (service_id, room_id)`.execute(db);
      await sql`
        CREATE TABLE rooms_nuve_nonce (
          service text NOT NULL,
          nonce text NOT NULL,
          expires_at timestamptz NOT NULL,
          PRIMARY KEY (service, nonce)
        )`.execute(db);
      await sql`CREATE INDEX rooms_nuve_nonce_expiry ON rooms_nuve_nonce (expires_at)`.execute(db);
    },
  },
];
