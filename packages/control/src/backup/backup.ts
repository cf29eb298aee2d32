import { createHash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { artifactErrors, BacklotError, type Clock, systemClock } from '@backlot/contract';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { BlobFacts } from '../blobs/blob-adapter.ts';
import { toStoreError } from '../db/database-error.ts';
import type { AppliedMigration } from '../db/migrate.ts';
import type { DatabaseAddress } from '../db/pool.ts';
import type { BlobStore } from '../kernel.ts';
import { type CopiedTable, copiedTables, copyStatement, sequenceStates } from './catalog.ts';
import { END_NAME, type End, FORMAT, MANIFEST_NAME, type Manifest, tableEntryName } from './manifest.ts';
import { openSession } from './session.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

export interface BackupOptions {
  readonly address: DatabaseAddress;
  /** Where the backup goes; it is ended, and destroyed on failure. */
  readonly output: Writable;
  /** Given: the files are put in too. Not given: the database alone. */
  readonly blobs?: BlobStore;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly phase: 'tables' | 'blobs';
  /** Table names or blobs that are through. */
  readonly done: number;
  readonly total: number;
}

export interface BackupResult {
  readonly rows: number;
  readonly blobs: number;
  /** Digests that the database knows and the store does not have. */
  readonly missingBlobs: readonly string[];
}

type Result = { -readonly [K in keyof BackupResult]: K extends 'missingBlobs' ? string[] : BackupResult[K] };

/** Bytes of a table's rows that are held at a time, because tar wants a size before the bytes. */
const PIECE = 4 * 1024 ** 2;

/**
 * Writes one consistent picture of the database, and the files if asked, as a gzipped tar. Everything flows
 * through: memory does not grow with the database. Others go on working meanwhile; what they change is not in
 * it. The backup holds secrets (password and token hashes, keys): keep it as safe as the database.
 *
 * @throws database_unavailable, blob_store_unavailable, what the output throws, the signal's reason
 */
export async function backupTo(options: BackupOptions): Promise<BackupResult> {
  const result: { rows: number; blobs: number; missingBlobs: string[] } = {
    rows: 0,
    blobs: 0,
    missingBlobs: [],
  };
  const source = Readable.from(archive(options, result), { objectMode: false });
  // Level 1: the rows shrink to a fifth, and what is in the store is mostly compressed already.
  const pack = createGzip({ level: 1 });
  await pipeline(
    source,
    pack,
    options.output,
    options.signal === undefined ? {} : { signal: options.signal },
  );
  return result;
}

async function* archive(options: BackupOptions, result: Result): AsyncGenerator<Buffer> {
  const { blobs, clock = systemClock } = options;
  const now = new Date(clock.now());
  const end: End = { rows: {}, digests: {}, sequences: [], blobs: 0, missingBlobs: [] };
  const known: BlobFacts[] = [];
  yield* picture(options, now, end, known);
  // The files follow when the picture is taken, so that no old snapshot holds up the vacuum. A blob that the
  // sweep deletes meanwhile was unreferenced in the picture.
  if (blobs) yield* files(options, blobs, now, end, known);
  yield* jsonEntry(END_NAME, end, now);
  yield tarEnd;
  result.rows = Object.values(end.rows).reduce((sum, count) => sum + count, 0);
  result.blobs = end.blobs;
  result.missingBlobs.push(...end.missingBlobs);
}

/** What the database holds, in one transaction that sees one moment. */
async function* picture(
  options: BackupOptions,
  now: Date,
  end: End,
  known: BlobFacts[],
): AsyncGenerator<Buffer> {
  const { client, close } = await openSession(options.address, 'backlot backup', options.signal);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const tables = await copiedTables(client);
    const { rows: migrations } = await client.query<AppliedMigration>(
      `SELECT set_name AS "set", position, name, checksum FROM migration ORDER BY set_name, position`,
    );
    const { rows: server } = await client.query<{ server_version: string }>('SHOW server_version');
    const manifest: Manifest = {
      format: FORMAT,
      createdAt: now.toISOString(),
      server: server[0]?.server_version ?? '',
      migrations: [...migrations],
      tables: tables.map(({ name, columns }) => ({ name, columns: [...columns] })),
      includesBlobs: options.blobs !== undefined,
    };
    yield* jsonEntry(MANIFEST_NAME, manifest, now);
    for (const [index, table] of tables.entries()) {
      yield* rowsOf(client, table, now, end);
      options.onProgress?.({ phase: 'tables', done: index + 1, total: tables.length });
    }
    end.sequences.push(...(await sequenceStates(client)));
    if (options.blobs) {
      const { rows } = await client.query<{ digest: string; size: string }>(
        'SELECT digest, size FROM blob ORDER BY 1',
      );
      for (const { digest, size } of rows) known.push({ digest, size: Number(size) });
    }
    await client.query('COMMIT');
  } catch (error) {
    options.signal?.throwIfAborted();
    throw toStoreError(error);
  } finally {
    await close();
  }
}

async function* rowsOf(client: pg.Client, table: CopiedTable, now: Date, end: End): AsyncGenerator<Buffer> {
  const source = client.query(copyTo(copyStatement(client, table, 'TO STDOUT')));
  const hash = createHash('sha256');
  let held: Buffer[] = [];
  let size = 0;
  let piece = 0;
  function* flush(): Generator<Buffer> {
    if (size === 0) return;
    piece += 1;
    yield tarHeader({ name: tableEntryName(table.name, piece), size }, now);
    yield* held;
    yield tarPadding(size);
    held = [];
    size = 0;
  }
  for await (const chunk of source) {
    const bytes: Buffer = chunk;
    hash.update(bytes);
    held.push(bytes);
    size += bytes.byteLength;
    if (size >= PIECE) yield* flush();
  }
  yield* flush();
  end.rows[table.name] = source.rowCount;
  end.digests[table.name] = hash.digest('hex');
}

async function* files(
  options: BackupOptions,
  blobs: BlobStore,
  now: Date,
  end: End,
  known: readonly BlobFacts[],
): AsyncGenerator<Buffer> {
  for (const [index, { digest, size }] of known.entries()) {
    options.signal?.throwIfAborted();
    const stream = await blobs.get(digest, undefined, options.signal).catch((error: unknown) => {
      if (error instanceof BacklotError && error.code === artifactErrors.blob_missing.code) return undefined;
      throw error;
    });
    if (stream === undefined) {
      end.missingBlobs.push(digest);
      continue;
    }
    yield tarHeader({ name: `blobs/${digest}`, size }, now);
    let length = 0;
    for await (const chunk of stream) {
      const bytes: Buffer = chunk;
      length += bytes.byteLength;
      yield bytes;
    }
    if (length !== size) {
      throw new BacklotError(artifactErrors.size_mismatch, { params: { expected: size, found: length } });
    }
    yield tarPadding(size);
    end.blobs += 1;
    options.onProgress?.({ phase: 'blobs', done: index + 1, total: known.length });
  }
}

function* jsonEntry(name: string, value: unknown, now: Date): Generator<Buffer> {
  const bytes = Buffer.from(JSON.stringify(value, null, 2));
  yield tarHeader({ name, size: bytes.byteLength }, now);
  yield bytes;
  yield tarPadding(bytes.byteLength);
}
