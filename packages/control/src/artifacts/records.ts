import {
  type Artifact,
  artifactErrors,
  BacklotError,
  type Id,
  kernelErrors,
  newId,
  type Output,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../db/schema.ts';
import type { Artifacts, AuditLog, BlobStore, EventLog } from '../kernel.ts';
import { toArtifact } from './artifact-row.ts';
import { commitHeld } from './held/commit-held.ts';
import { restoreArtifacts, trashArtifacts } from './held/trash.ts';
import type { ArtifactVisibility } from './visibility.ts';

export interface RecordsDependencies {
  readonly db: Db;
  /** Reads bytes wherever they are, also from nodes. */
  readonly bytes: BlobStore['get'];
  readonly audit: AuditLog;
  /** How long what was deleted can be taken back. Milliseconds. */
  readonly graceMs: number;
  readonly events: EventLog;
  readonly visibility: ArtifactVisibility;
}

/** The artifacts' own table: the port that other rooms and workloads use. */
export function createRecords(deps: RecordsDependencies): Artifacts {
  const { db, bytes, events, visibility } = deps;
  return {
    async get(id) {
      const row = await db
        .selectFrom('artifact')
        .selectAll()
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .executeTakeFirst();
      if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'artifact', id } });
      return toArtifact(row);
    },

    visibleTo: (actor, artifacts) => visibility.visibleTo(actor, artifacts),

    open: (artifact, signal, range) => bytes(artifact.digest, range, signal),

    async commit(tx, owner, outputs) {
      const fresh: string[] = [];
      const created: Artifact[] = [];
      for (const output of outputs) {
        const artifact = await commitOne(tx, owner, output);
        if (artifact === undefined) continue;
        fresh.push(output.name);
        created.push(artifact);
      }
      await events.append(
        tx,
        created.map((artifact) => artifactCreated(artifact)),
      );
      return fresh;
    },

    async commitHeld(tx, held) {
      const created = await commitHeld(tx, held);
      // Of two that tell the same name at once, the first is the one that counts.
      const nodes = new Map(
        held.toReversed().map(({ owner, output }) => [`${owner.taskId} ${output.name}`, owner.nodeId]),
      );
      await events.append(
        tx,
        created.map((artifact) =>
          artifactHeld(artifact, nodes.get(`${artifact.taskId} ${artifact.name}`) ?? null),
        ),
      );
      return created;
    },

    async committed(tx, taskId) {
      const rows = await tx
        .selectFrom('artifact')
        .select('name')
        .where('task_id', '=', taskId)
        .where('deleted_at', 'is', null)
        .where('stored', '=', true)
        .orderBy('name')
        .execute();
      return rows.map(({ name }) => name);
    },

    async remove(tx, ids) {
      if (ids.length === 0) return;
      const rows = await tx
        .updateTable('artifact')
        .set({ deleted_at: sql<Date>`now()` })
        .where('id', 'in', [...ids])
        .where('deleted_at', 'is', null)
        .returning(['id', 'project_id', 'name', 'kind', 'job_id'])
        .execute();
      await events.append(
        tx,
        rows.map((row) => ({
          projectId: row.project_id,
          kind: 'artifact.removed',
          subject: { kind: 'artifact', id: row.id },
          body: { name: row.name, kind: row.kind, jobId: row.job_id },
        })),
      );
    },

    trash: (tx, ids, actor) => trashArtifacts(deps, tx, ids, actor),
    restore: (tx, ids, actor) => restoreArtifacts(deps, tx, ids, actor),
  };
}

/** The event of a new artifact, whoever made it. */
export function artifactCreated(artifact: Artifact) {
  const { id, projectId, jobId, taskId, name, kind, size, mediaType } = artifact;
  return {
    projectId,
    kind: 'artifact.created',
    subject: { kind: 'artifact', id },
    body: { name, kind, size, mediaType, jobId, taskId },
  };
}

/** The event of one that stays on a node says more: a recording is followed by its segments' events alone. */
function artifactHeld(artifact: Artifact, nodeId: Id | null) {
  const { body, ...event } = artifactCreated(artifact);
  const { digest, meta } = artifact;
  return { ...event, body: { ...body, digest, meta, nodeId } };
}

/**
 * Makes one reported output an artifact; undefined when the task has committed it before, by whatever attempt.
 * The unique index decides, not this code: of two reports that race, one inserts.
 */
async function commitOne(
  tx: Tx,
  owner: { projectId: Id; jobId: Id | null; taskId: Id; allocationId: Id },
  output: Output,
): Promise<Artifact | undefined> {
  const staged = await tx
    .deleteFrom('staged_output')
    .where('allocation_id', '=', owner.allocationId)
    .where('name', '=', output.name)
    .where('digest', '=', output.digest)
    .where('size', '=', output.size)
    .returning('digest')
    .executeTakeFirst();
  if (staged === undefined) {
    // A report may come twice: then the first has taken the staged bytes, and the artifact is there.
    const before = await tx
      .selectFrom('artifact')
      .select('id')
      .where('task_id', '=', owner.taskId)
      .where('name', '=', output.name)
      .executeTakeFirst();
    if (before) return undefined;
    throw new BacklotError(artifactErrors.output_not_staged, { params: { name: output.name } });
  }
  const row = await tx
    .insertInto('artifact')
    .values({
      id: newId(),
      project_id: owner.projectId,
      job_id: owner.jobId,
      task_id: owner.taskId,
      allocation_id: owner.allocationId,
      name: output.name,
      kind: output.kind,
      digest: output.digest,
      size: output.size,
      media_type: output.mediaType,
      meta: JSON.stringify(output.meta),
      retention_until: sql<Date | null>`(
        SELECT now() + make_interval(days => retention_days) FROM project WHERE id = ${owner.projectId}
      )`,
    })
    .onConflict((conflict) =>
      conflict.columns(['task_id', 'name']).where('task_id', 'is not', null).doNothing(),
    )
    .returningAll()
    .executeTakeFirst();
  return row && toArtifact(row);
}
