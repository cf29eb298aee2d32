import type { Artifact } from '@backlot/contract';
import type { ArtifactRow } from '../db/schema.ts';

/** An artifact as the API shows it. */
export function toArtifact(row: ArtifactRow): Artifact {
  return {
    id: row.id,
    projectId: row.project_id,
    jobId: row.job_id,
    taskId: row.task_id,
    name: row.name,
    kind: row.kind,
    digest: row.digest,
    size: row.size,
    mediaType: row.media_type,
    meta: row.meta,
    createdAt: row.created_at.toISOString(),
    retentionUntil: row.retention_until?.toISOString() ?? null,
    stored: row.stored,
    holders: row.holders,
  };
}
