import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';
import { targetKinds } from '../contract.ts';

const first: Migration = {
  name: 'deliveries/0001-targets',
  async up(db) {
    await sql`
      CREATE TABLE delivery_target (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
        kind text NOT NULL CHECK (kind IN (${sql.join(targetKinds.map((kind) => sql.lit(kind)))})),
        settings jsonb NOT NULL,
        sealed bytea NOT NULL,
        secret_names text[] NOT NULL DEFAULT '{}',
        limits jsonb NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        health text NOT NULL DEFAULT 'unknown' CHECK (health IN ('up', 'down', 'unknown')),
        health_since timestamptz,
        fault jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        changed_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (project_id, name)
      )`.execute(db);
    await sql`
      CREATE TABLE delivery_message (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        target_id uuid NOT NULL REFERENCES delivery_target (id) ON DELETE CASCADE,
        occasion text NOT NULL,
        group_key text NOT NULL,
        notice jsonb NOT NULL,
        payload jsonb,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'folded')),
        attempts int NOT NULL DEFAULT 0,
        next_at timestamptz,
        fault text,
        created_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        UNIQUE (target_id, occasion),
        CHECK ((state = 'pending') = (next_at IS NOT NULL))
      )`.execute(db);
    await sql`CREATE INDEX delivery_message_due ON delivery_message (next_at) WHERE state = 'pending'`.execute(
      db,
    );
    await sql`CREATE INDEX delivery_message_newest ON delivery_message (project_id, id)`.execute(db);
    await sql`CREATE INDEX delivery_message_recent ON delivery_message (target_id, created_at)`.execute(db);
    await sql`
      CREATE TABLE delivery_group (
        target_id uuid NOT NULL REFERENCES delivery_target (id) ON DELETE CASCADE,
        group_key text NOT NULL,
        until timestamptz NOT NULL,
        folded int NOT NULL DEFAULT 0,
        titles jsonb NOT NULL DEFAULT '[]',
        PRIMARY KEY (target_id, group_key)
      )`.execute(db);
    await sql`
      CREATE TABLE delivery_subscription (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        target_id uuid NOT NULL REFERENCES delivery_target (id) ON DELETE CASCADE,
        kinds text[] NOT NULL,
        language text NOT NULL DEFAULT 'en',
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now()
      )`.execute(db);
    await sql`CREATE INDEX delivery_subscription_project ON delivery_subscription (project_id)`.execute(db);
    await sql`
      CREATE TABLE delivery_command (
        name text PRIMARY KEY,
        spec jsonb NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now()
      )`.execute(db);
  },
};

export const migrations: readonly Migration[] = [first];
