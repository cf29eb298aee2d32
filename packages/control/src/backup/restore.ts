import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BacklotError, storeErrors } from '@backlot/contract';
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { type MigrationSet, orderChecksum, planMigrations, readApplied, takeStep } from '../db/migrate.ts';
import type { DatabaseAddress } from '../db/pool.ts';
import type { BlobStore } from '../kernel.ts';
import { copiedTables, copyStatement, countTables, foreignKeys } from './catalog.ts';
import { END_NAME, End, FORMAT, MANIFEST_NAME, Manifest, parseEntryName } from './manifest.ts';
import { withSession } from './session.ts';
import { readTar, type TarReading } from './tar.ts';

export interface RestoreOptions {
  /** An empty database, of any supported server. */
  readonly address: DatabaseAddress;
  readonly source: Readable;
  /** The migrations of this release: the kernel's, then each workload's. */
  readonly migrations: readonly MigrationSet[];
  /** Where the files of the backup go. It must not write rows (no `beforePublish`): the rows are in the backup. */
  readonly blobs?: BlobStore;
  readonly log: Logger;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly rows: number; readonly blobs: number }) => void;
}

export interface RestoreResult {
  readonly createdAt: string;
  readonly rows: number;
  readonly blobs: number;
  /** Files that the backup has and that were not asked for, because no store was given. */
  readonly skippedBlobs: number;
}

/**
 * Builds a database from a backup: the schema as it was by our own migrations, the rows, then the steps that this
 * release has on top. It is one transaction, which ends only after the last entry of the backup has confirmed every
 * table: whatever goes wrong, the database stays empty.
 *
 * @throws database_not_empty, backup_unreadable, backup_newer, migration_history_diverged, database_unavailable
 */
export async function restoreFrom(options: RestoreOptions): Promise<RestoreResult> {
  const { source, signal } = options;
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  const entries = readTar(source.pipe(unpacked));
  try {
    const manifest = await readManifest(entries);
    const setsThen = setsAsOf(manifest, options.migrations);
    return await withSession(options.address, 'backlot restore', signal, (client) =>
      rebuild(client, manifest, setsThen, entries, options),
    );
  } catch (error) {
    throw toBackupError(error);
  } finally {
    await entries.return(undefined);
    source.destroy();
  }
}

/**
 * The sets cut to the steps that the backup knows, so that its rows meet the schema of their day.
 *
 * @throws backup_newer when it knows steps that we don't, or of a workload that is not here
 * @throws migration_history_diverged when its steps were others
 */
export function setsAsOf(manifest: Manifest, sets: readonly MigrationSet[]): MigrationSet[] {
  for (const step of manifest.migrations) {
    const names = sets.find(({ name }) => name === step.set)?.migrations.map(({ name }) => name) ?? [];
    const expected = names[step.position - 1];
    if (expected === undefined) {
      throw new BacklotError(storeErrors.backup_newer, { params: { found: `${step.set}/${step.name}` } });
    }
    if (step.checksum !== orderChecksum(names.slice(0, step.position))) {
      throw new BacklotError(storeErrors.migration_history_diverged, {
        params: { set: step.set, position: step.position, found: step.name, expected },
      });
    }
  }
  return sets.map((set) => {
    const known = manifest.migrations.filter((step) => step.set === set.name).length;
    return { name: set.name, migrations: set.migrations.slice(0, known) };
  });
}

async function readManifest(entries: AsyncGenerator<TarReading>): Promise<Manifest> {
  const { value: first } = await entries.next();
  if (!first || first.name !== MANIFEST_NAME) throw unreadable('it does not begin like one');
  const value: unknown = JSON.parse((await collect(first)).toString('utf8'));
  if (typeof value === 'object' && value !== null && 'format' in value && Number(value.format) > FORMAT) {
    throw new BacklotError(storeErrors.backup_newer, { params: { found: String(value.format) } });
  }
  return parse(Manifest, value, 'its first entry');
}

/** Everything from the first table to the last row in one transaction, or nothing of it. */
async function rebuild(
  client: pg.Client,
  manifest: Manifest,
  setsThen: readonly MigrationSet[],
  entries: AsyncGenerator<TarReading>,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const tables = await countTables(client);
  if (tables > 0) throw new BacklotError(storeErrors.database_not_empty, { params: { tables } });
  const stored: string[] = [];
  const tx = await kyselyOn(client).startTransaction().execute();
  try {
    await readApplied(tx); // makes its table
    for (const step of planMigrations(setsThen, [])) await takeStep(tx, step);
    const { rows, skippedBlobs } = await fill(client, manifest, entries, options, stored);
    for (const step of planMigrations(options.migrations, await readApplied(tx))) {
      await takeStep(tx, step);
      options.log.info({ migration: `${step.set}/${step.name}` }, 'migrated the restored database');
    }
    await tx.commit().execute();
    await client.query('ANALYZE');
    return { createdAt: manifest.createdAt, rows, blobs: stored.length, skippedBlobs };
  } catch (error) {
    // The tables go with the connection, which is closed now; files have no transaction.
    for (const digest of stored) await options.blobs?.delete(digest).catch(() => undefined);
    throw error;
  }
}

/** Kysely on a connection that is already there: migrations and COPY must share one transaction. */
function kyselyOn(client: pg.Client): Kysely<Record<string, never>> {
  const connection: PostgresPoolClient = {
    query: client.query.bind(client) as PostgresPoolClient['query'],
    release: () => undefined,
  };
  const pool = { connect: async () => connection, end: async () => undefined, options: {} };
  return new Kysely({ dialect: new PostgresDialect({ pool }) });
}

/** Reads everything after the manifest into the tables. */
async function fill(
  client: pg.Client,
  manifest: Manifest,
  entries: AsyncGenerator<TarReading>,
  options: RestoreOptions,
  stored: string[],
): Promise<{ rows: number; skippedBlobs: number }> {
  const keys = await foreignKeys(client);
  // Without them the order of the tables does not matter, and cycles don't either. Making them again checks
  // every row; triggers would only repeat what they did to the rows before.
  for (const { table, name } of keys) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  const present = new Set((await copiedTables(client)).map(({ name }) => name));
  for (const { name } of manifest.tables) {
    if (!present.has(name)) throw unreadable(`it has a table ${name} that its migrations don’t make`);
    await client.query(`ALTER TABLE ${client.escapeIdentifier(name)} DISABLE TRIGGER USER`);
    await client.query(`DELETE FROM ${client.escapeIdentifier(name)}`); // rows that a migration has put there
  }
  const { end, loads, skippedBlobs } = await readEntries(client, manifest, entries, options, stored);
  const rows = confirm(manifest, end, loads);
  for (const { table, name, definition } of keys) {
    await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
  }
  for (const { name } of manifest.tables) {
    await client.query(`ALTER TABLE ${client.escapeIdentifier(name)} ENABLE TRIGGER USER`);
  }
  for (const { name, value, called } of end.sequences) {
    await client.query('SELECT setval($1::regclass, $2, $3)', [client.escapeIdentifier(name), value, called]);
  }
  return { rows, skippedBlobs };
}

interface Load {
  readonly hash: Hash;
  rows: number;
}

async function readEntries(
  client: pg.Client,
  manifest: Manifest,
  entries: AsyncGenerator<TarReading>,
  options: RestoreOptions,
  stored: string[],
): Promise<{ end: End; loads: Map<string, Load>; skippedBlobs: number }> {
  const loads = new Map<string, Load>();
  let open: OpenCopy | undefined;
  let skippedBlobs = 0;
  const finishCopy = async () => {
    await open?.finish();
    open = undefined;
    const rows = [...loads.values()].reduce((sum, load) => sum + load.rows, 0);
    options.onProgress?.({ rows, blobs: stored.length });
  };

  for await (const entry of entries) {
    options.signal?.throwIfAborted();
    if (entry.name === END_NAME) {
      await finishCopy();
      const end = parse(End, JSON.parse((await collect(entry)).toString('utf8')), 'its last entry');
      return { end, loads, skippedBlobs };
    }
    const what = parseEntryName(entry.name);
    if (what?.kind === 'table') {
      if (open?.table !== what.table) {
        await finishCopy();
        if (loads.has(what.table)) throw unreadable(`the rows of ${what.table} are scattered`);
        const table = manifest.tables.find(({ name }) => name === what.table);
        if (!table) throw unreadable(`it has rows of ${what.table} and does not say so`);
        const load: Load = { hash: createHash('sha256'), rows: 0 };
        loads.set(what.table, load);
        open = new OpenCopy(client, table, load);
      }
      await open.write(entry);
    } else if (what?.kind === 'blob') {
      await finishCopy();
      if (options.blobs === undefined) {
        skippedBlobs += 1;
        continue;
      }
      const known = await options.blobs.stat(what.digest);
      if (known?.size === entry.size) continue; // it was there before, and stays if we fail
      stored.push(what.digest);
      const source = Readable.from(entry.bytes(), { objectMode: false });
      await options.blobs.put(source, { digest: what.digest, size: entry.size }, options.signal);
      options.onProgress?.({ rows: 0, blobs: stored.length });
    } else {
      throw unreadable(`it holds ${entry.name}`);
    }
  }
  throw unreadable('its last entry is missing, so it was cut off');
}

/** One `COPY … FROM STDIN` over all the pieces of a table. */
class OpenCopy {
  readonly table: string;
  readonly #load: Load;
  readonly #stream: Writable & { rowCount: number };
  readonly #done: Promise<unknown>;

  constructor(
    client: pg.Client,
    table: { readonly name: string; readonly columns: readonly string[] },
    load: Load,
  ) {
    this.table = table.name;
    this.#load = load;
    this.#stream = client.query(copyFrom(copyStatement(client, table, 'FROM STDIN')));
    this.#done = once(this.#stream, 'finish');
    this.#done.catch(() => undefined); // whoever writes or finishes next is told
  }

  async write(entry: TarReading): Promise<void> {
    for await (const bytes of entry.bytes()) {
      this.#load.hash.update(bytes);
      if (this.#stream.write(bytes)) continue;
      await Promise.race([once(this.#stream, 'drain'), this.#done]);
    }
  }

  async finish(): Promise<void> {
    this.#stream.end();
    await this.#done;
    this.#load.rows = this.#stream.rowCount;
  }
}

/** Compares what came with what the backup says it holds, and counts the rows. */
function confirm(manifest: Manifest, end: End, loads: ReadonlyMap<string, Load>): number {
  let rows = 0;
  for (const { name } of manifest.tables) {
    const load = loads.get(name);
    const digest = (load?.hash ?? createHash('sha256')).copy().digest('hex');
    if (end.digests[name] !== digest || end.rows[name] !== (load?.rows ?? 0)) {
      throw unreadable(`the rows of ${name} are not all there`);
    }
    rows += load?.rows ?? 0;
  }
  return rows;
}

async function collect(entry: TarReading): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of entry.bytes()) pieces.push(piece);
  return Buffer.concat(pieces);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unreadable(`${what} does not fit (${parsed.error.issues[0]?.path.join('.') ?? ''})`);
}

function unreadable(reason: string, cause?: unknown): BacklotError {
  return new BacklotError(storeErrors.backup_unreadable, {
    params: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Codes by which zlib says that what it was given is not, or not all of, a compressed file. */
const DAMAGED = new Set(['Z_DATA_ERROR', 'Z_BUF_ERROR']);

function toBackupError(error: unknown): unknown {
  if (error instanceof RangeError || error instanceof SyntaxError) return unreadable(error.message, error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return DAMAGED.has(code) ? unreadable('it is damaged or was cut off', error) : error;
}
