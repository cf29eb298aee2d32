import { type Artifact, type Id, newId } from '@backlot/contract';
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';
import type { Db, Tx } from '../db/schema.ts';
import type { Actor, AuditLog, EventLog } from '../kernel.ts';
import { toArtifact } from './artifact-row.ts';
import { artifactCreated } from './records.ts';
import type { ArtifactVisibility } from './visibility.ts';

/** Kind of the artifacts that people upload; those of tasks have the kinds of their workload. */
export const UPLOAD_KIND = 'upload';

export interface NewUploadArtifact {
  readonly projectId: Id;
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

/** Writes the artifact of an upload with its event and audit, in the caller's transaction. */
export async function insertUploadArtifact(
  tx: Tx,
  { events, audit }: { readonly events: EventLog; readonly audit: AuditLog },
  actor: Actor,
  draft: NewUploadArtifact,
): Promise<Artifact> {
  const row = await tx
    .insertInto('artifact')
    .values({
      id: newId(),
      project_id: draft.projectId,
      name: draft.name,
      kind: UPLOAD_KIND,
      digest: draft.digest,
      size: draft.size,
      media_type: draft.mediaType,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const artifact = toArtifact(row);
  await events.append(tx, [artifactCreated(artifact)]);
  await audit.record(tx, {
    actor,
    action: 'artifact.upload',
    subject: { kind: 'artifact', id: artifact.id },
    projectId: draft.projectId,
    after: { name: draft.name, size: draft.size, sha256: draft.digest, mediaType: draft.mediaType },
  });
  return artifact;
}

/** Copies of the same bytes that are looked through for one that the actor may see. */
const MOST_COPIES = 100;

interface KnownBytes {
  readonly projectId: Id;
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
}

/**
 * The artifact of a project with these bytes under this name, so that they need not be sent again. When the
 * project has them under another name only, they get this name too. Bytes of other projects, and of artifacts that
 * the actor may not see, are never told of: knowing a digest does not prove that one has the bytes.
 */
export async function claimKnownBytes(
  deps: {
    readonly store: Store;
    readonly events: EventLog;
    readonly audit: AuditLog;
    readonly visibility: ArtifactVisibility;
  },
  actor: Actor,
  wanted: KnownBytes,
): Promise<Artifact | null> {
  // Before the transaction: guards ask the database on their own, and a transaction must not wait for a connection.
  const [known] = await deps.visibility.visibleTo(actor, await findKnown(deps.store.db, wanted));
  if (known === undefined) return null;
  if (known.name === wanted.name) return known;
  const artifact = await deps.store.transaction((tx) =>
    insertUploadArtifact(tx, deps, actor, {
      projectId: wanted.projectId,
      name: wanted.name,
      digest: known.digest,
      size: known.size,
      mediaType: known.mediaType,
    }),
  );
  deps.events.wake();
  return artifact;
}

/** Artifacts with these bytes: those of the wanted name first, of several the newest first. */
async function findKnown(db: Db, wanted: KnownBytes): Promise<Artifact[]> {
  const rows = await db
    .selectFrom('artifact')
    .selectAll()
    .where('project_id', '=', wanted.projectId)
    .where('digest', '=', wanted.sha256)
    .where('size', '=', wanted.size)
    .where('deleted_at', 'is', null)
    .orderBy(sql`name = ${wanted.name}`, 'desc')
    .orderBy('id', 'desc')
    .limit(MOST_COPIES)
    .execute();
  return rows.map(toArtifact);
}
