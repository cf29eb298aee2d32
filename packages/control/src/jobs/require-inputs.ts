import { BacklotError, kernelErrors, type TaskInput } from '@backlot/contract';
import { sql } from 'kysely';
import { toArtifact } from '../artifacts/artifact-row.ts';
import type { ArtifactRow, Db } from '../db/schema.ts';
import type { Actor, Artifacts } from '../kernel.ts';

export interface RequireInputsDeps {
  readonly db: Db;
  readonly artifacts: Pick<Artifacts, 'visibleTo'>;
}

/**
 * Makes sure that the files which somebody names by digest are artifacts of the project that they may see: knowing a
 * digest must not be enough to have the bytes brought to a node and looked at through a task.
 * @throws not_found with the digest of the first that isn't
 */
export async function requireInputs(
  { db, artifacts }: RequireInputsDeps,
  actor: Actor,
  projectId: string,
  inputs: readonly TaskInput[],
): Promise<void> {
  if (inputs.length === 0) return;
  const digests = [...new Set(inputs.map(({ digest }) => digest))];
  const { rows } = await sql<ArtifactRow>`
    SELECT * FROM artifact
    WHERE project_id = ${projectId} AND digest = ANY(${digests}) AND deleted_at IS NULL
  `.execute(db);
  const visible = await artifacts.visibleTo(actor, rows.map(toArtifact));
  const known = new Set(visible.map(({ digest }) => digest));
  const missing = digests.find((digest) => !known.has(digest));
  if (missing === undefined) return;
  throw new BacklotError(kernelErrors.not_found, { params: { what: 'file', id: missing } });
}
