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
  const open = sql`(
    m.visibility = 'project' OR coalesce(m.owner_id = ${me}::uuid, false) OR EXISTS (
      SELECT FROM renders_model_grant g WHERE g.model_id = m.id AND g.account_id = ${me}::uuid
    )
  )`;
  // OFFSET 0: the index of files answers for one artifact after the other, instead of all models being read.
  const { rows } = await sql<{ id: string }>`
    WITH asked AS MATERIALIZED (
      SELECT a.id, a.project_id, a.job_id, u.actor_id AS uploader, u.seq IS NOT NULL AS uploaded,
        jsonb_build_array(jsonb_build_object('artifactId', a.id)) AS by_id,
        jsonb_build_array(jsonb_build_object('digest', a.digest)) AS by_digest
      FROM artifact a
      LEFT JOIN LATERAL (
        SELECT seq, actor_id FROM audit
        WHERE subject_kind = 'artifact' AND subject_id = a.id::text AND action = 'artifact.upload'
        ORDER BY seq LIMIT 1
      ) u ON a.job_id IS NULL
      WHERE a.id = ANY(${ids}::uuid[])
    ), related AS (
      SELECT a.id, m.open AND m.listed AND m.deleted_at IS NULL AS opens, NOT m.open AND (
        m.rendered
        OR a.job_id IS NULL AND m.listed AND NOT coalesce(a.uploader = ${me}::text, false)
        OR a.uploaded AND a.uploader IS NOT DISTINCT FROM m.owner_id::text
      ) AS closes
      FROM asked a CROSS JOIN LATERAL (
        (
          SELECT m.project_id, m.owner_id, m.deleted_at, ${open} AS open, m.files @> a.by_id AS listed, false AS rendered
          FROM renders_model m WHERE m.files @> a.by_id OR m.files @> a.by_digest OFFSET 0
        ) UNION ALL (
          SELECT m.project_id, m.owner_id, m.deleted_at, ${open}, false, true
          FROM renders_use u JOIN renders_model m ON m.id = u.model_id WHERE u.job_id = a.job_id
        )
      ) m
      WHERE m.project_id = a.project_id
    )
    SELECT id FROM related GROUP BY id HAVING bool_or(closes) AND NOT bool_or(opens)
  `.execute(kernel.db);
  return new Set(rows.map(({ id }) => id));
};
