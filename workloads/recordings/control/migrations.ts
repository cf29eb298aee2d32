import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';
import { compat, webhookAge, webhookDue } from './compat/migrations.ts';

/** Channels, and what nodes have told of them. Artifacts hold the bytes; here is what they mean. */
const channels: Migration = {
  name: 'recordings/0001-channels',
  async up(db) {
    await sql`
      CREATE TABLE recordings_channel (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        settings jsonb NOT NULL,
        enabled boolean NOT NULL,
        revision integer NOT NULL DEFAULT 1,
        state text NOT NULL DEFAULT 'off' CHECK (state IN ('off', 'waiting', 'watching', 'live', 'removed')),
        reason jsonb,
        source_state text,
        source_reason text,
        title text,
        job_id uuid,
        job_revision integer,
        last_node_id uuid,
        failures integer NOT NULL DEFAULT 0,
        retry_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        removed_at timestamptz,
        last_live_at timestamptz,
        CHECK ((state = 'removed') = (removed_at IS NOT NULL)),
        CHECK (removed_at IS NULL OR NOT enabled)
      )`.execute(db);
    await sql`CREATE INDEX recordings_channel_newest ON recordings_channel (project_id, id)`.execute(db);
    // Two publishers can't share a key: the listener finds the channel by it.
    await sql`
      CREATE UNIQUE INDEX recordings_channel_key ON recordings_channel ((settings -> 'source' ->> 'key'))
      WHERE removed_at IS NULL AND settings -> 'source' ->> 'kind' = 'push'`.execute(db);
    await sql`
      CREATE TABLE recordings_channel_job (
        job_id uuid PRIMARY KEY,
        channel_id uuid NOT NULL REFERENCES recordings_channel (id) ON DELETE CASCADE,
        revision integer NOT NULL,
        submitted_at timestamptz NOT NULL DEFAULT now()
      )`.execute(db);
    await sql`
      CREATE TABLE recordings_broadcast (
        id uuid PRIMARY KEY,
        channel_id uuid NOT NULL REFERENCES recordings_channel (id) ON DELETE CASCADE,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        channel_name text NOT NULL,
        state text NOT NULL CHECK (state IN ('live', 'ended', 'removed')),
        title text,
        started_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL,
        ended_at timestamptz,
        loss_ms double precision NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        segments integer NOT NULL DEFAULT 0,
        width integer NOT NULL DEFAULT 0,
        height integer NOT NULL DEFAULT 0,
        codecs text[] NOT NULL DEFAULT '{}',
        verified_at timestamptz,
        told_at timestamptz,
        removed_at timestamptz,
        CHECK ((state = 'removed') = (removed_at IS NOT NULL))
      )`.execute(db);
    await sql`CREATE INDEX recordings_broadcast_newest ON recordings_broadcast (project_id, started_at DESC, id)`.execute(
      db,
    );
    await sql`CREATE INDEX recordings_broadcast_channel ON recordings_broadcast (channel_id, started_at)`.execute(
      db,
    );
    await sql`CREATE INDEX recordings_broadcast_live ON recordings_broadcast (id) WHERE state = 'live'`.execute(
      db,
    );
    await sql`
      CREATE TABLE recordings_sighting (
        id uuid PRIMARY KEY,
        broadcast_id uuid NOT NULL REFERENCES recordings_broadcast (id) ON DELETE CASCADE,
        node_id uuid NOT NULL,
        allocation_id uuid NOT NULL,
        ended boolean NOT NULL DEFAULT false
      )`.execute(db);
    await sql`CREATE INDEX recordings_sighting_broadcast ON recordings_sighting (broadcast_id)`.execute(db);
    await sql`
      CREATE TABLE recordings_take (
        id uuid PRIMARY KEY,
        broadcast_id uuid NOT NULL REFERENCES recordings_broadcast (id) ON DELETE CASCADE,
        sighting_id uuid NOT NULL REFERENCES recordings_sighting (id) ON DELETE CASCADE,
        node_id uuid NOT NULL,
        number integer NOT NULL,
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
        address text NOT NULL DEFAULT '',
        started_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        why text
      )`.execute(db);
    await sql`CREATE INDEX recordings_take_broadcast ON recordings_take (broadcast_id)`.execute(db);
    await sql`
      CREATE TABLE recordings_segment (
        artifact_id uuid PRIMARY KEY,
        broadcast_id uuid NOT NULL REFERENCES recordings_broadcast (id) ON DELETE CASCADE,
        take_id uuid NOT NULL,
        number integer NOT NULL,
        part integer NOT NULL,
        container text NOT NULL CHECK (container IN ('flv', 'ts', 'fmp4')),
        first_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL,
        size bigint NOT NULL,
        video_frames integer NOT NULL,
        audio_frames integer NOT NULL,
        torn boolean NOT NULL
      )`.execute(db);
    await sql`CREATE INDEX recordings_segment_broadcast ON recordings_segment (broadcast_id, first_at)`.execute(
      db,
    );
    await sql`
      CREATE TABLE recordings_gap (
        broadcast_id uuid NOT NULL REFERENCES recordings_broadcast (id) ON DELETE CASCADE,
        sighting_id uuid NOT NULL,
        from_at timestamptz NOT NULL,
        to_at timestamptz NOT NULL,
        ms double precision NOT NULL,
        why text NOT NULL,
        what text,
        PRIMARY KEY (broadcast_id, sighting_id, from_at, why)
      )`.execute(db);
  },
};

/** The version of a flow that a node was to run at the end of a broadcast, by its own fact of it. */
const sightingFlow: Migration = {
  name: 'recordings/0004-sighting-flow',
  async up(db) {
    await sql`ALTER TABLE recordings_sighting ADD COLUMN flow_version uuid`.execute(db);
  },
};

/** Lists that looked at all rows to find a few: see `lists.test.ts`. */
const lists: Migration = {
  name: 'recordings/0005-lists',
  async up(db) {
    // Of all projects; those of one had an index before.
    await sql`CREATE INDEX recordings_broadcast_all ON recordings_broadcast (started_at DESC, id DESC)`.execute(
      db,
    );
    // What flows have made of a broadcast: beside its segments, of which there are thousands, there are few.
    await sql`
      CREATE INDEX recordings_artifact_film ON artifact ((meta ->> 'broadcast'))
      WHERE kind <> 'recordings.segment' AND deleted_at IS NULL`.execute(db);
  },
};

/** What a recorder says of its source, in a form that can be said in any language. */
const sourceWords: Migration = {
  name: 'recordings/0007-source-words',
  async up(db) {
    await sql`ALTER TABLE recordings_channel ADD COLUMN source_words jsonb`.execute(db);
  },
};

/** In the order in which they were added: it never changes, and a new one comes last. */
export const migrations: readonly Migration[] = [
  channels,
  compat,
  webhookDue,
  sightingFlow,
  lists,
  webhookAge,
  sourceWords,
];
