import { type Artifact, artifactErrors, BacklotError } from '@backlot/contract';
import { type Selectable, sql } from 'kysely';
import type { UploadTable } from '../../db/schema.ts';
import type { Actor } from '../../kernel.ts';
import type { ArtifactsDependencies } from '../dependencies.ts';
import { insertUploadArtifact } from '../library.ts';

export type UploadRow = Selectable<UploadTable>;

/** @throws upload_gone */
export async function readUpload({ store }: ArtifactsDependencies, id: string): Promise<UploadRow> {
  const row = await store.db.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new BacklotError(artifactErrors.upload_gone);
  return row;
}

/**
 * How many bytes of an upload are kept. Between the last byte and the artifact the pieces turn into a blob: an
 * upload whose bytes are known for what they are has all of them, wherever a crash has left it.
 */
export async function bytesReceived({ blobs }: ArtifactsDependencies, row: UploadRow): Promise<number> {
  if (row.finished_at !== null) return row.size;
  const received = await blobs.pieces.received(row.id);
  if (received !== undefined) return received;
  if (row.digest !== null && (await blobs.stat(row.digest))?.size === row.size) return row.size;
  throw new BacklotError(artifactErrors.upload_gone);
}

/**
 * Makes an upload that has all its bytes an artifact. Every step may be repeated, so it goes on after a crash
 * from wherever it stopped, and two requests that race make one artifact.
 *
 * @throws digest_mismatch, after which the upload is gone
 */
export async function settleUpload(deps: ArtifactsDependencies, row: UploadRow, actor: Actor): Promise<void> {
  if (row.finished_at !== null) return;
  const { store, blobs, events } = deps;
  const digest = await becomeBlob(deps, row);
  const artifact = await store.transaction(async (tx): Promise<Artifact | undefined> => {
    const open = await tx
      .updateTable('upload')
      .set({ finished_at: sql<Date>`now()`, received: row.size })
      .where('id', '=', row.id)
      .where('finished_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (open === undefined) return undefined;
    const made = await insertUploadArtifact(tx, deps, actor, {
      projectId: row.project_id,
      name: row.name,
      digest,
      size: row.size,
      mediaType: row.media_type,
    });
    await tx.updateTable('upload').set({ artifact_id: made.id }).where('id', '=', row.id).execute();
    return made;
  });
  if (artifact) events.wake();
  await blobs.pieces.abort(row.id);
}

/** Checks the bytes and puts them into the store; what they are is written down before they can be seen there. */
async function becomeBlob(deps: ArtifactsDependencies, row: UploadRow): Promise<string> {
  const { store, blobs } = deps;
  try {
    const found = await blobs.pieces.finish(
      row.id,
      { size: row.size, ...(row.claimed_digest === null ? {} : { digest: row.claimed_digest }) },
      async ({ digest }) => {
        await store.db.updateTable('upload').set({ digest }).where('id', '=', row.id).execute();
      },
    );
    return found.digest;
  } catch (error) {
    if (error instanceof BacklotError && error.code === artifactErrors.upload_gone.code) {
      const { digest } = await readUpload(deps, row.id);
      if (digest !== null && (await blobs.stat(digest))?.size === row.size) return digest;
    }
    if (error instanceof BacklotError && error.code === artifactErrors.digest_mismatch.code) {
      await store.db.deleteFrom('upload').where('id', '=', row.id).execute();
    }
    throw error;
  }
}
