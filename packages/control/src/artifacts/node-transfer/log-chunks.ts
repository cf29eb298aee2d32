import { Readable } from 'node:stream';
import { artifactErrors, BacklotError, type LogProgress } from '@backlot/contract';
import type { Db } from '../../db/schema.ts';
import type { BlobStore } from '../../kernel.ts';

export type LogStream = 'stdout' | 'stderr';

/** One kept stretch of a stream. */
export interface Stretch {
  readonly position: number;
  readonly length: number;
}

/**
 * The first byte that is missing, counted from the start. Stretches may overlap: an agent that was replaced cuts
 * its pieces elsewhere than its predecessor did.
 */
export function contiguousEnd(stretches: readonly Stretch[]): number {
  let end = 0;
  for (const { position, length } of stretches.toSorted((a, b) => a.position - b.position)) {
    if (position > end) break;
    end = Math.max(end, position + length);
  }
  return end;
}

export interface LogChunksDependencies {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly largestLog: number;
}

/**
 * Keeps a piece of an allocation's log: the bytes as a blob, their place as a row. Sending a piece again is
 * harmless; of two pieces that start at the same byte the longer one stays.
 *
 * @returns where to go on
 * @throws too_many_logs
 */
export async function keepLogPiece(
  { db, blobs, largestLog }: LogChunksDependencies,
  allocationId: string,
  stream: LogStream,
  position: number,
  bytes: Buffer,
): Promise<LogProgress> {
  const before = await stretchesOf(db, allocationId, stream);
  const kept = before.reduce((sum, { length }) => sum + length, 0);
  if (kept + bytes.byteLength > largestLog) {
    throw new BacklotError(artifactErrors.too_many_logs, { params: { limit: largestLog } });
  }
  if (bytes.byteLength === 0) return { next: contiguousEnd(before) };
  const { digest } = await blobs.put(Readable.from([bytes], { objectMode: false }));
  const length = bytes.byteLength;
  await db
    .insertInto('log_chunk')
    .values({ allocation_id: allocationId, stream, position, length, digest })
    .onConflict((conflict) =>
      conflict
        .columns(['allocation_id', 'stream', 'position'])
        .doUpdateSet({ length, digest })
        .where('log_chunk.length', '<', length),
    )
    .execute();
  return { next: contiguousEnd([...before, { position, length }]) };
}

function stretchesOf(db: Db, allocationId: string, stream: LogStream): Promise<Stretch[]> {
  return db
    .selectFrom('log_chunk')
    .select(['position', 'length'])
    .where('allocation_id', '=', allocationId)
    .where('stream', '=', stream)
    .execute();
}
