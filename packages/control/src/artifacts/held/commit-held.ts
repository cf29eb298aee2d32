import { type Artifact, type Id, newId, type Output } from '@backlot/contract';
import { sql } from 'kysely';
import type { ArtifactRow, Tx } from '../../db/schema.ts';
import { toArtifact } from '../artifact-row.ts';

/** A held output, and whose it is. */
export interface HeldOutput {
  readonly owner: {
    readonly projectId: Id;
    readonly jobId: Id | null;
    readonly taskId: Id;
    readonly allocationId: Id;
    readonly nodeId: Id;
  };
  readonly output: Output;
}

/**
 * Makes artifacts of what nodes hold, of any number of tasks and nodes with a few statements. Each is an artifact once by
 * (task, name), however often it is told. When another attempt has told the name before, with bytes that are not in the
 * store, the latest attempt's count: the other node may be gone, and both are true.
 *
 * @returns those that are new
 */
export async function commitHeld(tx: Tx, held: readonly HeldOutput[]): Promise<Artifact[]> {
  if (held.length === 0) return [];
  const rows = held.map(({ owner, output }) => ({
    id: newId(),
    project: owner.projectId,
    job: owner.jobId,
    task: owner.taskId,
    allocation: owner.allocationId,
    node: owner.nodeId,
    name: output.name,
    kind: output.kind,
    digest: output.digest,
    size: output.size,
    media_type: output.mediaType,
    meta: output.meta,
  }));
  // In the order of the digests, so that two transactions never wait for each other.
  const blobs = [...new Map(rows.map((row) => [row.digest, row])).values()].sort((a, b) =>
    a.digest < b.digest ? -1 : 1,
  );
  const blobList = JSON.stringify(blobs.map(({ digest, size }) => ({ digest, size })));
  await sql`
    INSERT INTO blob (digest, size, stored)
    SELECT digest, size, false FROM jsonb_to_recordset(${blobList}::jsonb) AS r(digest text, size bigint)
    ON CONFLICT (digest) DO UPDATE SET unreferenced_at = NULL
  `.execute(tx);
  const list = JSON.stringify(rows);
  // The time says that the node has told it again: an answer to what it was asked before does not count any more.
  await sql`
    INSERT INTO artifact_holder (digest, node_id)
    SELECT DISTINCT digest, node FROM jsonb_to_recordset(${list}::jsonb) AS r(digest text, node uuid)
    ORDER BY digest, node
    ON CONFLICT (digest, node_id) DO UPDATE SET ask_at = now()
  `.execute(tx);
  const { rows: fresh } = await sql<ArtifactRow>`
    INSERT INTO artifact (id, project_id, job_id, task_id, allocation_id, name, kind, digest, size, media_type, meta,
                          retention_until)
    SELECT DISTINCT ON (r.task, r.name) r.id, r.project, r.job, r.task, r.allocation, r.name, r.kind, r.digest, r.size,
           r.media_type, r.meta, now() + make_interval(days => project.retention_days)
    FROM jsonb_to_recordset(${list}::jsonb) AS r(
      id uuid, project uuid, job uuid, task uuid, allocation uuid, name text, kind text, digest text, size bigint,
      media_type text, meta jsonb)
    JOIN project ON project.id = r.project
    ORDER BY r.task, r.name, r.id
    ON CONFLICT (task_id, name) WHERE task_id IS NOT NULL DO UPDATE SET
      allocation_id = EXCLUDED.allocation_id, digest = EXCLUDED.digest, size = EXCLUDED.size, meta = EXCLUDED.meta,
      stored = EXCLUDED.stored, holders = EXCLUDED.holders
    WHERE NOT artifact.stored AND artifact.deleted_at IS NULL AND artifact.digest <> EXCLUDED.digest
      AND EXISTS (SELECT FROM allocation WHERE id = EXCLUDED.allocation_id AND state <> 'ended')
    RETURNING *
  `.execute(tx);
  // Told again by a node that was to throw it away: it has it anew. It is to keep it for an artifact that is new, and
  // asked again to throw it away when there is none.
  await sql`
    UPDATE artifact_holder SET since = now(), state = CASE WHEN EXISTS (
      SELECT FROM artifact WHERE artifact.digest = artifact_holder.digest AND deleted_at IS NULL
    ) THEN 'restoring' ELSE 'trashing' END
    FROM (SELECT DISTINCT digest, node FROM jsonb_to_recordset(${list}::jsonb) AS r(digest text, node uuid)) AS told
    WHERE artifact_holder.digest = told.digest AND node_id = told.node AND state IN ('trashing', 'trashed')
  `.execute(tx);
  return fresh.map(toArtifact);
}
