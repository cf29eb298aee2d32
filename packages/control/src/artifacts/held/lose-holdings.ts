import type { Id } from '@backlot/contract';
import { sql } from 'kysely';
import type { ArtifactRow, Tx } from '../../db/schema.ts';
import type { EventLog } from '../../kernel.ts';

/** What a node says that it does not have, although it was believed to. */
export interface LostHoldings {
  readonly nodeId: Id;
  readonly digests: readonly string[];
  /** As the rows stood when the node was asked; those that have changed since are left as they are. */
  readonly state: 'held' | 'trashing' | 'restoring';
  /** When it was asked, by the database's clock: what the node has told again since then, it has. */
  readonly askedAt: string;
}

type Lost = Pick<ArtifactRow, 'id' | 'project_id' | 'job_id' | 'task_id' | 'name' | 'kind' | 'digest'>;

/** Stops believing that a node has these bytes. Artifacts whose bytes are nowhere else are told as `artifact.lost`. */
export async function loseHoldings(
  tx: Tx,
  events: Pick<EventLog, 'append'>,
  { nodeId, digests, state, askedAt }: LostHoldings,
): Promise<void> {
  if (digests.length === 0) return;
  const { rows: gone } = await sql<{ digest: string }>`
    DELETE FROM artifact_holder
    WHERE node_id = ${nodeId} AND digest = ANY(${[...digests]}) AND state = ${state}
      AND ask_at <= ${askedAt}::timestamptz
    RETURNING digest
  `.execute(tx);
  if (gone.length === 0) return;
  const { rows } = await sql<Lost>`
    SELECT id, project_id, job_id, task_id, name, kind, digest FROM artifact
    WHERE digest = ANY(${gone.map(({ digest }) => digest)}) AND deleted_at IS NULL AND NOT stored
      AND NOT EXISTS (SELECT FROM artifact_holder holder WHERE holder.digest = artifact.digest)
    ORDER BY id
  `.execute(tx);
  await events.append(
    tx,
    rows.map((row) => ({
      projectId: row.project_id,
      kind: 'artifact.lost',
      subject: { kind: 'artifact', id: row.id },
      body: {
        name: row.name,
        kind: row.kind,
        jobId: row.job_id,
        taskId: row.task_id,
        digest: row.digest,
        nodeId,
      },
    })),
  );
}
