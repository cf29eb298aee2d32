import type { Readable } from 'node:stream';
import { artifactErrors, BacklotError, UploadMetadata } from '@backlot/contract';
import { DataStore, Metadata, Upload } from '@tus/server';
import type { Actor } from '../../kernel.ts';
import type { ArtifactSettings, ArtifactsDependencies } from '../dependencies.ts';
import { mediaTypeOf } from '../media-type.ts';
import type { SpaceGuard } from '../space-guard.ts';
import { requireQuota } from './quota.ts';
import { bytesReceived, readUpload, settleUpload } from './upload-record.ts';

/** Who is behind the request that the tus server is at work on. */
export type CurrentActor = () => Actor;

/**
 * What an upload says about itself, from the header `Upload-Metadata` as tus has split it.
 *
 * @throws upload_metadata_invalid
 */
export function readMetadata(metadata: Record<string, string | null> | undefined): UploadMetadata {
  const given = Object.fromEntries(
    Object.entries(metadata ?? {}).filter(([, value]) => value !== null && value !== ''),
  );
  const parsed = UploadMetadata.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BacklotError(artifactErrors.upload_metadata_invalid, {
    params: { reason: `${issue?.path.join('.') || 'metadata'}: ${issue?.message ?? ''}` },
  });
}

/** The project that a request to create an upload is for; null when it does not say. For the guard of the route. */
export function projectOfMetadata(header: string | string[] | undefined): string | null {
  try {
    const text = Array.isArray(header) ? header.join(',') : header;
    const parsed = UploadMetadata.shape.project.safeParse(Metadata.parse(text).project);
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // the tus server answers what is wrong with it
  }
}

/** Uploads by tus as rows of the table `upload` and pieces of the blob store. */
export class TusStore extends DataStore {
  readonly #deps: ArtifactsDependencies;
  readonly #settings: ArtifactSettings;
  readonly #space: SpaceGuard;
  readonly #actor: CurrentActor;

  constructor(
    deps: ArtifactsDependencies,
    settings: ArtifactSettings,
    space: SpaceGuard,
    actor: CurrentActor,
  ) {
    super();
    this.#deps = deps;
    this.#settings = settings;
    this.#space = space;
    this.#actor = actor;
    this.extensions = ['creation', 'creation-with-upload', 'expiration', 'termination'];
  }

  override async create(upload: Upload): Promise<Upload> {
    const { filename, project, filetype, sha256 } = readMetadata(upload.metadata);
    const size = upload.size ?? 0;
    await this.#space.require(size);
    await requireQuota(this.#deps.store.db, project, size);
    const { db } = this.#deps.store;
    const actor = this.#actor();
    await this.#deps.blobs.pieces.begin(upload.id);
    await db
      .insertInto('upload')
      .values({
        id: upload.id,
        project_id: project,
        actor_id: actor.id,
        name: filename,
        media_type: mediaTypeOf(filename, filetype),
        size,
        claimed_digest: sha256 ?? null,
        digest: null,
      })
      .execute();
    upload.creation_date = new Date(this.#deps.clock.now()).toISOString();
    if (size === 0) await this.#settle(upload.id);
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await readUpload(this.#deps, id);
    const offset = await bytesReceived(this.#deps, row);
    // All bytes came, but the request that brought the last ones did not live to finish.
    if (offset === row.size) await settleUpload(this.#deps, row, this.#actor());
    return new Upload({
      id,
      size: row.size,
      offset,
      metadata: {
        filename: row.name,
        project: row.project_id,
        filetype: row.media_type,
        ...(row.claimed_digest === null ? {} : { sha256: row.claimed_digest }),
      },
      creation_date: row.created_at.toISOString(),
    });
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    const row = await readUpload(this.#deps, id);
    if (row.finished_at !== null) return row.size;
    await this.#space.require(Math.min(row.size - offset, this.#settings.reserve));
    const { blobs, store } = this.#deps;
    const received = await blobs.pieces.append(id, offset, stream, row.size - offset);
    await store.db.updateTable('upload').set({ received }).where('id', '=', id).execute();
    if (received === row.size) await this.#settle(id);
    return received;
  }

  override async remove(id: string): Promise<void> {
    const { blobs, store } = this.#deps;
    await readUpload(this.#deps, id);
    await blobs.pieces.abort(id);
    await store.db.deleteFrom('upload').where('id', '=', id).where('finished_at', 'is', null).execute();
  }

  override getExpiration(): number {
    return this.#settings.uploadExpiryMs;
  }

  /** The room's own sweep does it; see `sweep/`. */
  override async deleteExpired(): Promise<number> {
    return 0;
  }

  async #settle(id: string): Promise<void> {
    await settleUpload(this.#deps, await readUpload(this.#deps, id), this.#actor());
  }
}
