import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

/** The log of each room, numbered from 1 by `rooms_room.event_seq`. */
export const eventMigrations: readonly Migration[] = [
  {
    name: 'rooms/0101-events',
    async up(db) {
      await sql`
        CREATE TABLE rooms_event (
          room_id uuid NOT NULL REFERENCES rooms_room (id) ON DELETE CASCADE,
          seq bigint NOT NULL,
          at timestamptz NOT NULL DEFAULT now(),
          kind text NOT NULL,
          body jsonb NOT NULL,
          PRIMARY KEY (room_id, seq)
        )`.execute(db);
      await sql`CREATE INDEX rooms_event_age ON rooms_event (at)`.execute(db);
    },
  },
];
