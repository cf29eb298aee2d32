import { artifactErrors, BacklotError } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';

/**
 * Makes sure that a project may keep `size` bytes more. What counts is what its artifacts are long, also when two of
 * them share their bytes, and what its unfinished uploads will be. Only uploads are refused: results of work that
 * has been admitted are never thrown away for a quota.
 *
 * @throws quota_storage
 */
export async function requireQuota(db: Db, projectId: string, size: number): Promise<void> {
  const { rows } = await sql<{ name: string; limit: number | null; used: number }>`
    SELECT name, (quota ->> 'storage')::bigint AS limit,
      (SELECT coalesce(sum(size), 0) FROM artifact WHERE project_id = project.id AND deleted_at IS NULL)::bigint
        + (SELECT coalesce(sum(size), 0) FROM upload WHERE project_id = project.id AND finished_at IS NULL)::bigint
        AS used
    FROM project WHERE id = ${projectId}
  `.execute(db);
  const [row] = rows;
  if (!row || row.limit === null || row.used + size <= row.limit) return;
  throw new BacklotError(artifactErrors.quota_storage, {
    params: { project: row.name, used: row.used, limit: row.limit, size },
  });
}
