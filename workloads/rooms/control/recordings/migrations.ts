import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

export const recordingMigrations: readonly Migration[] = [
  {
    name: 'rooms/0104-recordings',
    async up(db) {
      // The room may be forgotten long before its recordings are: nothing refers to its row.
      await sql`
        CREATE TABLE rooms_recording (
          id uuid PRIMARY KEY,
          project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
          room_id uuid NOT NULL,
          room_name text NOT NULL,
          name text NOT NULL,
          automatic boolean NOT NULL,
          selection jsonb NOT NULL,
          job_id uuid NOT NULL,
          started_at timestamptz NOT NULL DEFAULT now(),
          stop_asked_at timestamptz,
          ended_at timestamptz,
          failure text
        )`.execute(db);
      await sql`CREATE INDEX rooms_recording_room ON rooms_recording (room_id, id)`.execute(db);
      await sql`CREATE UNIQUE INDEX rooms_recording_job ON rooms_recording (job_id)`.execute(db);
      // Two control processes that see the first track at once begin one recording.
      await sql`
        CREATE UNIQUE INDEX rooms_recording_automatic ON rooms_recording (room_id)
        WHERE automatic AND ended_at IS NULL`.execute(db);
    },
  },
  {
    name: 'rooms/0105-recordings-by-place',
    async up(db) {
      // Why it failed is kept with its code, so that it can be said in every language. What was said before has none.
      await sql`
        ALTER TABLE rooms_recording
          ADD COLUMN allocation uuid,
          ALTER COLUMN failure TYPE jsonb USING
            CASE WHEN failure IS NOT NULL THEN
              jsonb_build_object('code', 'rooms.recording_failed', 'params', '{}'::jsonb, 'message', failure)
            END`.execute(db);
      // A room that has moved is recorded anew while the recording of its old place is being ended.
      await sql`DROP INDEX rooms_recording_automatic`.execute(db);
      await sql`
        CREATE UNIQUE INDEX rooms_recording_automatic ON rooms_recording (room_id)
        WHERE automatic AND ended_at IS NULL AND stop_asked_at IS NULL`.execute(db);
    },
  },
];
