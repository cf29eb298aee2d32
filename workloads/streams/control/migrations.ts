import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

/** Apps and their versions; instances and sessions with their players, timeline and figures; tickets that were used. */
const first: Migration = {
  name: 'streams/0001-streams',
  async up(db) {
    const statements = [
      sql`CREATE TABLE streams_app (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        slug text NOT NULL,
        settings jsonb NOT NULL,
        enabled boolean NOT NULL,
        warm integer NOT NULL CHECK (warm >= 0),
        max_instances integer NOT NULL CHECK (max_instances > 0),
        last_version integer NOT NULL DEFAULT 0,
        active_version integer,
        canary_version integer,
        canary_share integer CHECK (canary_share BETWEEN 1 AND 99),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz,
        CHECK ((canary_version IS NULL) = (canary_share IS NULL)))`,
      sql`CREATE UNIQUE INDEX streams_app_slug ON streams_app (slug) WHERE deleted_at IS NULL`,
      sql`CREATE INDEX streams_app_newest ON streams_app (project_id, id) WHERE deleted_at IS NULL`,
      sql`CREATE TABLE streams_app_version (
        app_id uuid NOT NULL REFERENCES streams_app (id) ON DELETE CASCADE,
        version integer NOT NULL,
        recipe jsonb NOT NULL,
        note text NOT NULL DEFAULT '',
        used_at timestamptz,
        failures integer NOT NULL DEFAULT 0,
        next_start_at timestamptz,
        blocked_at timestamptz,
        last_failure jsonb,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (app_id, version))`,
      sql`CREATE TABLE streams_instance (
        id uuid PRIMARY KEY,
        app_id uuid NOT NULL REFERENCES streams_app (id) ON DELETE CASCADE,
        project_id uuid NOT NULL,
        version integer NOT NULL,
        state text NOT NULL,
        trial boolean NOT NULL DEFAULT false,
        job_id uuid NOT NULL UNIQUE,
        node_id uuid,
        allocation_id uuid,
        gpu integer,
        session_id uuid,
        last_session_id uuid,
        sessions integer NOT NULL DEFAULT 0,
        streamer_at timestamptz,
        streamer_gone_at timestamptz,
        requested_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        ready_at timestamptz,
        free_since timestamptz,
        reset_until timestamptz,
        ended_at timestamptz,
        retire text,
        retire_params jsonb,
        end_reason text,
        end_params jsonb,
        failure jsonb,
        CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
        CHECK (state <> 'assigned' OR session_id IS NOT NULL))`,
      // What a viewer's arrival looks for: it must be found without looking at anything else.
      sql`CREATE INDEX streams_instance_free ON streams_instance (app_id, ready_at) WHERE state = 'ready'`,
      sql`CREATE INDEX streams_instance_open ON streams_instance (app_id) WHERE state <> 'ended'`,
      sql`CREATE UNIQUE INDEX streams_instance_session ON streams_instance (session_id) WHERE session_id IS NOT NULL`,
      sql`CREATE INDEX streams_instance_newest ON streams_instance (project_id, id)`,
      sql`CREATE SEQUENCE streams_player_number`,
      sql`CREATE TABLE streams_session (
        id uuid PRIMARY KEY,
        app_id uuid NOT NULL REFERENCES streams_app (id) ON DELETE CASCADE,
        project_id uuid NOT NULL,
        state text NOT NULL,
        trial_version integer,
        version integer,
        instance_id uuid,
        subject text NOT NULL DEFAULT '',
        controller bigint,
        extensions boolean NOT NULL DEFAULT false,
        requested_at timestamptz NOT NULL DEFAULT now(),
        ready_at timestamptz,
        active_at timestamptz,
        activity_at timestamptz NOT NULL DEFAULT now(),
        away_since timestamptz,
        warned text,
        ending_at timestamptz,
        ended_at timestamptz,
        end_reason text,
        end_by text,
        CHECK ((state = 'ended') = (ended_at IS NOT NULL)))`,
      sql`CREATE INDEX streams_session_queue ON streams_session (app_id, requested_at, id) WHERE state = 'waiting'`,
      sql`CREATE INDEX streams_session_open ON streams_session (app_id) WHERE state <> 'ended'`,
      sql`CREATE INDEX streams_session_newest ON streams_session (project_id, id)`,
      sql`CREATE INDEX streams_session_instance ON streams_session (instance_id)`,
      sql`CREATE TABLE streams_player (
        id bigint PRIMARY KEY DEFAULT nextval('streams_player_number'),
        session_id uuid NOT NULL REFERENCES streams_session (id) ON DELETE CASCADE,
        role text NOT NULL CHECK (role IN ('controller', 'viewer')),
        subject text NOT NULL DEFAULT '',
        address text,
        user_agent text,
        joined_at timestamptz NOT NULL DEFAULT now(),
        connected boolean NOT NULL DEFAULT true,
        left_at timestamptz)`,
      sql`CREATE INDEX streams_player_session ON streams_player (session_id)`,
      sql`CREATE TABLE streams_timeline (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES streams_session (id) ON DELETE CASCADE,
        at timestamptz NOT NULL DEFAULT now(),
        what text NOT NULL,
        detail jsonb NOT NULL DEFAULT '{}')`,
      sql`CREATE INDEX streams_timeline_session ON streams_timeline (session_id, seq)`,
      sql`CREATE TABLE streams_stat (
        session_id uuid NOT NULL REFERENCES streams_session (id) ON DELETE CASCADE,
        player_id bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        bitrate_bps real, rtt_ms real, fps real, lost_fraction real, jitter_ms real,
        width integer, height integer, frames_dropped integer, relayed boolean)`,
      sql`CREATE INDEX streams_stat_session ON streams_stat (session_id, player_id, at)`,
      sql`CREATE INDEX streams_stat_age ON streams_stat USING brin (at)`,
      sql`CREATE TABLE streams_ticket_use (
        jti text PRIMARY KEY,
        session_id uuid NOT NULL,
        expires_at timestamptz NOT NULL)`,
      sql`CREATE INDEX streams_ticket_use_age ON streams_ticket_use (expires_at)`,
    ];
    for (const statement of statements) await statement.execute(db);
  },
};

/** What a player may, and what its page speaks, whoever is in control at the moment. */
const players: Migration = {
  name: 'streams/0002-players',
  async up(db) {
    const statements = [
      sql`ALTER TABLE streams_player
        ADD COLUMN may_control boolean NOT NULL DEFAULT false,
        ADD COLUMN extensions boolean NOT NULL DEFAULT false`,
      sql`UPDATE streams_player p SET may_control = p.role = 'controller', extensions = s.extensions
        FROM streams_session s WHERE s.id = p.session_id AND p.left_at IS NULL`,
    ];
    for (const statement of statements) await statement.execute(db);
  },
};

export const migrations: readonly Migration[] = [first, players];
