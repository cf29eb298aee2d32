import type { Migration } from '@backlot/control/workload';
import { sql } from 'kysely';

/**
 * The model library. A model is a set of uploaded files by content; the bytes are the kernel's artifacts. A set that
 * the same person brings again is the same model (`fingerprint`).
 */
const library: Migration = {
  name: 'renders/0001-models',
  async up(db) {
    await sql`
      CREATE TABLE renders_model (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        main text NOT NULL,
        files jsonb NOT NULL,
        size bigint NOT NULL CHECK (size >= 0),
        fingerprint text NOT NULL,
        facts jsonb,
        preview_artifact_id uuid,
        owner_id uuid,
        owner_name text NOT NULL,
        visibility text NOT NULL CHECK (visibility IN ('project', 'private')),
        created_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz
      )`.execute(db);
    await sql`
      CREATE UNIQUE INDEX renders_model_once ON renders_model (project_id, owner_id, fingerprint)
      NULLS NOT DISTINCT WHERE deleted_at IS NULL`.execute(db);
    await sql`CREATE INDEX renders_model_newest ON renders_model (project_id, id) WHERE deleted_at IS NULL`.execute(
      db,
    );
    await sql`
      CREATE TABLE renders_model_grant (
        model_id uuid NOT NULL REFERENCES renders_model (id) ON DELETE CASCADE,
        account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        "right" text NOT NULL CHECK ("right" IN ('see', 'use')),
        PRIMARY KEY (model_id, account_id)
      )`.execute(db);
    // Which jobs used a model: jobs come and go by themselves, so there is no reference to their table.
    await sql`
      CREATE TABLE renders_use (
        job_id uuid PRIMARY KEY,
        model_id uuid NOT NULL REFERENCES renders_model (id) ON DELETE CASCADE
      )`.execute(db);
    await sql`CREATE INDEX renders_use_model ON renders_use (model_id, job_id)`.execute(db);
  },
};

/** Which models an artifact is part of is asked for every page of artifacts. */
const filesIndex: Migration = {
  name: 'renders/0002-model-files',
  async up(db) {
    // Models are looked for far more often than stored: no list of entries to come, which each search would go through.
    await sql`
      CREATE INDEX renders_model_files ON renders_model USING gin (files jsonb_path_ops) WITH (fastupdate = off)
    `.execute(db);
  },
};

export const migrations: readonly Migration[] = [library, filesIndex];
