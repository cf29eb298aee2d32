import { artifactErrors, BacklotError, type Id, kernelErrors } from '@backlot/contract';
import { sql } from 'kysely';
import type { ArtifactRow, Tx } from '../../db/schema.ts';
import type { Actor, AuditLog, EventLog } from '../../kernel.ts';

export interface TrashDependencies {
  readonly events: EventLog;
  readonly audit: AuditLog;
  /** How long what was deleted can be taken back. Milliseconds. */
  readonly graceMs: number;
}

type Gone = Pick<ArtifactRow, 'id' | 'project_id' | 'job_id' | 'name' | 'kind' | 'digest'>;

/** Deletes artifacts for a day, then for good. @throws artifact_needed */
export async function trashArtifacts(
  { events, audit }: TrashDependencies,
  tx: Tx,
  ids: readonly Id[],
  actor: Actor,
): Promise<void> {
  if (ids.length === 0) return;
  await lockBlobs(tx, ids);
  const { rows } = await sql<Gone>`
    UPDATE artifact SET deleted_at = now() WHERE id = ANY(${[...ids]}::uuid[]) AND deleted_at IS NULL
    RETURNING id, project_id, job_id, name, kind, digest
  `.execute(tx);
  if (rows.length === 0) return;
  await requireUnneeded(tx, rows);
  await sql`
    UPDATE artifact_holder SET state = 'trashing', since = now(), ask_at = now()
    WHERE digest = ANY(${rows.map(({ digest }) => digest)}) AND state IN ('held', 'restoring')
      AND NOT EXISTS (SELECT FROM artifact WHERE artifact.digest = artifact_holder.digest AND deleted_at IS NULL)
  `.execute(tx);
  await tell({ events, audit }, tx, rows, actor, 'removed', 'artifact.trash');
}

/** Takes artifacts back. @throws not_found, trash_emptied */
export async function restoreArtifacts(
  { events, audit, graceMs }: TrashDependencies,
  tx: Tx,
  ids: readonly Id[],
  actor: Actor,
): Promise<void> {
  if (ids.length === 0) return;
  await lockBlobs(tx, ids);
  const { rows } = await sql<Gone & { late: boolean; deleted: boolean; lost: boolean }>`
    SELECT id, project_id, job_id, name, kind, artifact.digest, deleted_at IS NOT NULL AS deleted,
           deleted_at < now() - ${graceMs} * interval '1 millisecond' AS late,
           NOT blob.stored AND NOT EXISTS (
             SELECT FROM artifact_holder holder WHERE holder.digest = artifact.digest) AS lost
    FROM artifact JOIN blob USING (digest) WHERE id = ANY(${[...ids]}::uuid[]) FOR UPDATE OF artifact
  `.execute(tx);
  const missing = ids.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined) {
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'artifact', id: missing } });
  }
  const late = rows.find((row) => row.deleted && (row.late || row.lost));
  if (late) {
    const params = { name: late.name, hours: Math.round(graceMs / 3_600_000) };
    throw new BacklotError(artifactErrors.trash_emptied, { params });
  }
  const back = rows.filter(({ deleted }) => deleted);
  await sql`
    UPDATE artifact SET deleted_at = NULL WHERE id = ANY(${back.map(({ id }) => id)}::uuid[])
  `.execute(tx);
  await sql`
    UPDATE artifact_holder SET state = 'restoring', since = now(), ask_at = now()
    WHERE digest = ANY(${back.map(({ digest }) => digest)}) AND state IN ('trashing', 'trashed')
  `.execute(tx);
  await tell({ events, audit }, tx, back, actor, 'restored', 'artifact.restore');
}

/**
 * Whoever makes, deletes or takes back an artifact of the same bytes meanwhile waits, or is waited for: else neither
 * sees the other, and bytes that are wanted are thrown away. In the order of the digests, as where artifacts are made.
 */
async function lockBlobs(tx: Tx, ids: readonly Id[]): Promise<void> {
  await sql`
    SELECT FROM blob WHERE digest IN (SELECT digest FROM artifact WHERE id = ANY(${[...ids]}::uuid[]))
    ORDER BY digest FOR UPDATE
  `.execute(tx);
}

/** Inputs of open tasks must stay, whoever wants them gone. */
async function requireUnneeded(tx: Tx, rows: readonly Gone[]): Promise<void> {
  const { rows: needs } = await sql<{ digest: string; task: string }>`
    SELECT input ->> 'digest' AS digest, task.kind || ' ' || task.key AS task
    FROM task, jsonb_array_elements(task.spec -> 'inputs') AS input
    WHERE task.state NOT IN ('succeeded', 'failed', 'canceled')
      AND input ->> 'digest' = ANY(${rows.map(({ digest }) => digest)})
      AND NOT EXISTS (
        SELECT FROM artifact WHERE artifact.digest = input ->> 'digest' AND artifact.deleted_at IS NULL)
    LIMIT 1
  `.execute(tx);
  const need = needs[0];
  if (!need) return;
  const name = rows.find(({ digest }) => digest === need.digest)?.name ?? need.digest;
  throw new BacklotError(artifactErrors.artifact_needed, { params: { name, task: need.task } });
}

async function tell(
  { events, audit }: Pick<TrashDependencies, 'events' | 'audit'>,
  tx: Tx,
  rows: readonly Gone[],
  actor: Actor,
  word: 'removed' | 'restored',
  action: string,
): Promise<void> {
  await events.append(
    tx,
    rows.map((row) => ({
      projectId: row.project_id,
      kind: `artifact.${word}`,
      subject: { kind: 'artifact', id: row.id },
      body: { name: row.name, kind: row.kind, jobId: row.job_id },
    })),
  );
  // One line for each project, however many segments a recording has.
  for (const [projectId, of] of Map.groupBy(rows, (row) => row.project_id)) {
    await audit.record(tx, {
      actor,
      action,
      subject: { kind: 'artifact', id: of.length === 1 ? (of[0]?.id ?? null) : null },
      projectId,
      after: { count: of.length, ids: of.slice(0, 100).map(({ id }) => id) },
    });
  }
}
