import type { ArtifactGuard } from '@backlot/control/workload';
import { sql } from 'kysely';
import { outputs } from '../../contract.ts';
import { readerIn } from './rights.ts';

/** What an import makes of a model that shows it whole: its geometry once more, and a picture of it alone. */
const likenesses: readonly string[] = [outputs.scene.kind, outputs.preview.kind];

/**
 * Keeps the bytes of private models as private as the library keeps the models. Hidden from everybody but the owner,
 * those who are named, and operators are
 *
 * - uploads that a private model consists of, except from whoever has uploaded them, and other uploads of its owner's
 *   with the same bytes: a file that was found again by its digest under another name is the same file;
 * - scene and preview of its renders. Frames, films and contact sheets are results, and follow the rights of the job.
 *
 * An upload that is part of a model which the reader may see is shown, whatever other models it is part of: a texture
 * that all share stays shared. Somebody else's private model can hide nothing that one has uploaded oneself. A private
 * model that was deleted goes on hiding: what is left of it was never opened to anybody.
 */
export const artifactGuard: ArtifactGuard = async (kernel, actor, artifacts) => {
  const projects = [...new Set(artifacts.map(({ projectId }) => projectId))];
  const readers = projects.map((project) => ({ project, reader: readerIn(kernel.access, actor, project) }));
  const asked = new Set(readers.filter(({ reader }) => !reader.manage).map(({ project }) => project));
  const ids = artifacts
    .filter(
      ({ projectId, jobId, kind }) => asked.has(projectId) && (jobId === null || likenesses.includes(kind)),
    )
    .map(({ id }) => id);
  if (ids.length === 0) return new Set();
  const me = readers[0]?.reader.accountId ?? null;
  const { rows } = await sql<{ id: string }>`
    WITH asked AS (
      SELECT a.id, a.project_id, a.job_id, a.digest, u.actor_id AS uploader, u.seq IS NOT NULL AS uploaded
      FROM artifact a
      LEFT JOIN LATERAL (
        SELECT seq, actor_id FROM audit
        WHERE subject_kind = 'artifact' AND subject_id = a.id::text AND action = 'artifact.upload'
        ORDER BY seq LIMIT 1
      ) u ON a.job_id IS NULL
      WHERE a.id = ANY(${ids}::uuid[])
    ), model AS NOT MATERIALIZED ( -- so that the index of files is used
      SELECT m.*, m.visibility = 'project' OR coalesce(m.owner_id = ${me}::uuid, false) OR EXISTS (
        SELECT FROM renders_model_grant g WHERE g.model_id = m.id AND g.account_id = ${me}::uuid
      ) AS open
      FROM renders_model m
      WHERE m.project_id = ANY(${[...asked]}::uuid[])
    )
    SELECT a.id FROM asked a
    WHERE
      CASE WHEN a.job_id IS NOT NULL THEN EXISTS (
        SELECT FROM renders_use u JOIN model m ON m.id = u.model_id WHERE u.job_id = a.job_id AND NOT m.open
      ) ELSE EXISTS (
        SELECT FROM model m
        WHERE m.project_id = a.project_id AND NOT m.open AND (
          m.files @> jsonb_build_array(jsonb_build_object('artifactId', a.id))
            AND NOT coalesce(a.uploader = ${me}::text, false)
          OR m.files @> jsonb_build_array(jsonb_build_object('digest', a.digest))
            AND a.uploaded AND a.uploader IS NOT DISTINCT FROM m.owner_id::text
        )
      ) END
      AND NOT EXISTS (
        SELECT FROM model m
        WHERE m.project_id = a.project_id AND m.open AND m.deleted_at IS NULL
          AND m.files @> jsonb_build_array(jsonb_build_object('artifactId', a.id))
      )
  `.execute(kernel.db);
  return new Set(rows.map(({ id }) => id));
};
