import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { artifactErrors, BacklotError, type OutputProgress } from '@backlot/contract';
import { sql } from 'kysely';
import type { BlobAdapter } from '../../blobs/blob-adapter.ts';
import type { Db } from '../../db/schema.ts';
import type { SpaceGuard } from '../space-guard.ts';
import { type ProvenAllocation, requireOpen } from './allocation-of-request.ts';
import { KeyLock } from './key-lock.ts';

/** The bytes that a node announces under the name of an output. */
export interface AnnouncedOutput {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
}

export interface OutputsDependencies {
  readonly db: Db;
  readonly blobs: BlobAdapter;
  readonly space: SpaceGuard;
  readonly largestFile: number;
  /** Part of `largestFile` that one request has to leave free; see SpaceGuard. */
  readonly reserve: number;
}

/**
 * The id of an output's upload. It follows from what is uploaded, so that a node that has forgotten everything
 * goes on where its earlier life stopped, and other bytes under the same name start anew.
 */
export function outputUploadId(allocation: string, { name, digest, size }: AnnouncedOutput): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([allocation, name, digest, size]))
    .digest('hex');
  // The form of a UUID of version 8 (RFC 9562 §5.8: the contents are ours).
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Outputs on their way from nodes: bytes first, checked, under the allocation; they become artifacts only with the
 * report that names them.
 */
export class Outputs {
  readonly #deps: OutputsDependencies;
  readonly #lock = new KeyLock();

  constructor(deps: OutputsDependencies) {
    this.#deps = deps;
  }

  /** How far exactly these bytes have come. */
  async progress(allocation: ProvenAllocation, output: AnnouncedOutput): Promise<OutputProgress> {
    const { taskId } = await requireOpen(this.#deps.db, allocation);
    if (await this.#isComplete(allocation, taskId, output)) return { received: output.size, complete: true };
    const received = await this.#deps.blobs.pieces.received(outputUploadId(allocation.id, output));
    return { received: received ?? 0, complete: false };
  }

  /**
   * Takes bytes from `offset` on, as many as come. The last ones complete the output.
   *
   * @throws stale_fence, upload_offset_mismatch, digest_mismatch, upload_too_large, storage_full
   */
  receive(
    allocation: ProvenAllocation,
    output: AnnouncedOutput,
    offset: number,
    source: Readable,
  ): Promise<OutputProgress> {
    const id = outputUploadId(allocation.id, output);
    return this.#lock.run(id, () => this.#receive(id, allocation, output, offset, source));
  }

  async #receive(
    id: string,
    allocation: ProvenAllocation,
    output: AnnouncedOutput,
    offset: number,
    source: Readable,
  ): Promise<OutputProgress> {
    const { blobs, space, largestFile, reserve } = this.#deps;
    if (output.size > largestFile) {
      throw new BacklotError(artifactErrors.upload_too_large, {
        params: { size: output.size, limit: largestFile },
      });
    }
    const { taskId } = await requireOpen(this.#deps.db, allocation);
    if (await this.#isComplete(allocation, taskId, output)) {
      source.resume(); // a body that is read to its end leaves the connection fit for the next request
      return { received: output.size, complete: true };
    }
    await space.require(Math.min(output.size - offset, reserve));
    await blobs.pieces.begin(id);
    const received = await blobs.pieces.append(id, offset, source, output.size - offset);
    if (received < output.size) return { received, complete: false };
    await blobs.pieces.finish(id, output);
    await this.#stage(allocation, output);
    return { received, complete: true };
  }

  /**
   * Whether nothing more is to be sent: these bytes wait for their report, or the task has an artifact of this name.
   * What is committed stands, also when an agent that lost its journal has made the output again, a little different.
   */
  async #isComplete(allocation: ProvenAllocation, taskId: string, output: AnnouncedOutput): Promise<boolean> {
    const { db } = this.#deps;
    const { name, digest, size } = output;
    const staged = await db
      .selectFrom('staged_output')
      .select('name')
      .where('allocation_id', '=', allocation.id)
      .where('name', '=', name)
      .where('digest', '=', digest)
      .where('size', '=', size)
      .executeTakeFirst();
    if (staged) return true;
    const committed = await db
      .selectFrom('artifact')
      .select('id')
      .where('task_id', '=', taskId)
      .where('name', '=', name)
      .executeTakeFirst();
    return committed !== undefined;
  }

  async #stage(allocation: ProvenAllocation, { name, digest, size }: AnnouncedOutput): Promise<void> {
    // An agent that came back after a crash may have made the output again, a little different.
    await this.#deps.db
      .insertInto('staged_output')
      .values({ allocation_id: allocation.id, name, digest, size })
      .onConflict((conflict) =>
        conflict
          .columns(['allocation_id', 'name'])
          .doUpdateSet({ digest, size, created_at: sql<Date>`now()` }),
      )
      .execute();
  }
}
