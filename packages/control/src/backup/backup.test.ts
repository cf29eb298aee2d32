import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { newId } from '@backlot/contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { startTestS3Server } from '@backlot/testkit/s3-server';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordBlob } from '../artifacts/record-blob.ts';
import { openFsBlobStore } from '../blobs/fs-blob-store.ts';
import { createMemoryLedger } from '../blobs/memory-ledger.ts';
import { openS3BlobStore } from '../blobs/s3-blob-store.ts';
import { openDatabase, type Store } from '../db/database.ts';
import { startEmbeddedPostgres } from '../db/embedded/embedded-postgres.ts';
import { findPlatformPackage, linkLibraries } from '../db/embedded/platform-package.ts';
import { kernelMigrations } from '../db/kernel-migrations.ts';
import type { MigrationSet } from '../db/migrate.ts';
import { backupTo } from './backup.ts';
import { restoreFrom } from './restore.ts';

const log = pino({ level: 'silent' });
const run = promisify(execFile);

/** A workload's tables with what is awkward: a cycle of foreign keys, a trigger, a generated column, odd values. */
const library: MigrationSet = {
  name: 'library',
  migrations: [
    {
      name: 'library/1-tables',
      async up(db) {
        await sql
          .raw(`
          CREATE TABLE shelf (id int PRIMARY KEY, best_book int, name text UNIQUE);
          CREATE TABLE book (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            shelf int NOT NULL REFERENCES shelf,
            title text,
            cover bytea,
            tags text[],
            doc jsonb,
            at timestamptz,
            price numeric(20, 6),
            shout text GENERATED ALWAYS AS (upper(title)) STORED
          );
          ALTER TABLE shelf ADD CONSTRAINT best FOREIGN KEY (best_book) REFERENCES book (id);
          CREATE FUNCTION no_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := 'changed'; RETURN NEW; END $$;
        `)
          .execute(db);
      },
    },
    {
      name: 'library/2-trigger',
      async up(db) {
        await sql
          .raw(`CREATE TRIGGER t BEFORE INSERT ON book FOR EACH ROW EXECUTE FUNCTION no_insert()`)
          .execute(db);
        await sql.raw(`INSERT INTO shelf VALUES (0, NULL, 'put there by a migration')`).execute(db);
      },
    },
  ],
};
const sets = [kernelMigrations, library];

let source: TestDatabase;
let folder: string;
const open: TestDatabase[] = [];

beforeAll(async () => {
  source = await createTestDatabase({ migrations: [library] });
  await fillIn(source.store);
});
afterAll(() => source.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-backup-'));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()));
  await rm(folder, { recursive: true, force: true });
});

async function fillIn({ db }: Store): Promise<void> {
  const project = newId();
  await db
    .insertInto('project')
    .values({ id: project, slug: 'film', name: 'Tab\tNewline\n\\. \\N 电影' })
    .execute();
  for (let n = 0; n < 50; n += 1) {
    await db
      .insertInto('event')
      .values({
        id: newId(),
        project_id: project,
        kind: 'x',
        subject_kind: 'y',
        subject_id: 'z',
        body: JSON.stringify({ n, text: '"\\\u2028' }),
      })
      .execute();
  }
  await db
    .insertInto('audit')
    .values({ actor_kind: 'system', actor_name: 's', action: 'a', subject_kind: 'x' })
    .execute();
  await sql`SELECT nextval('fence_seq') FROM generate_series(1, 41)`.execute(db);
  await sql`ALTER TABLE book DISABLE TRIGGER t`.execute(db);
  await sql`INSERT INTO shelf SELECT n, NULL, 'shelf ' || n FROM generate_series(1, 20) n`.execute(db);
  await sql`
    INSERT INTO book (shelf, title, cover, tags, doc, at, price)
    SELECT 1 + n % 20, repeat(chr(1 + n % 50), n % 7), decode(md5(n::text), 'hex'), ARRAY['a', NULL, '{"'],
      jsonb_build_object('n', n), to_timestamp(n), n / 7.0
    FROM generate_series(1, 60000) n`.execute(db);
  await sql`UPDATE shelf SET best_book = id WHERE id > 0`.execute(db);
  await sql`ALTER TABLE book ENABLE TRIGGER t`.execute(db);
}

/** A digest of everything in the tables that are kept, row by row, whatever the order. */
async function fingerprint({ db }: Pick<Store, 'db'>): Promise<Record<string, string>> {
  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname NOT IN ('leader', 'migration') ORDER BY 1`.execute(db);
  const result: Record<string, string> = {};
  for (const { name } of rows) {
    const { rows: sum } = await sql<{ sum: string }>`
      SELECT count(*) || ':' || coalesce(sum(hashtextextended((to_jsonb(t) - 'txid')::text, 0)::numeric), 0) AS sum
      FROM ${sql.table(name)} t`.execute(db);
    result[name] = sum[0]?.sum ?? '';
  }
  return result;
}

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ empty: true });
  open.push(database);
  return database;
}

async function backUp(to: string, address = source.address): Promise<void> {
  await backupTo({ address, output: createWriteStream(to) });
}

const restore = (from: string | Buffer, address: TestDatabase['address'], migrations = sets) =>
  restoreFrom({
    address,
    source: typeof from === 'string' ? createReadStream(from) : Readable.from([from], { objectMode: false }),
    migrations,
    log,
  });

describe('a backup', () => {
  it('comes back as it was: rows, sequences, constraints and triggers', async () => {
    const file = join(folder, 'all.tar.gz');
    await backUp(file);
    const target = await emptyDatabase();
    const result = await restore(file, target.address);
    expect(result.rows).toBeGreaterThan(60_000);
    expect(await fingerprint(target)).toEqual(await fingerprint(source));

    const { rows: next } = await sql<{ fence: number; seq: number }>`
      SELECT nextval('fence_seq') AS fence, nextval(pg_get_serial_sequence('event', 'seq')) AS seq`.execute(
      target.db,
    );
    expect(next).toEqual([{ fence: 42, seq: 51 }]);
    await expect(sql`DELETE FROM audit`.execute(target.db)).rejects.toThrow(/append-only/);
    await expect(sql`INSERT INTO book (shelf) VALUES (999)`.execute(target.db)).rejects.toThrow(
      /foreign key/,
    );
    const { rows: made } = await sql`INSERT INTO book (shelf, title) VALUES (1, 'x') RETURNING title`.execute(
      target.db,
    );
    expect(made).toEqual([{ title: 'changed' }]);
    // Numbers of transactions count on one server only: events must be older than what runs here.
    const { rows: ahead } = await sql`
      SELECT FROM event WHERE txid >= pg_snapshot_xmin(pg_current_snapshot())`.execute(target.db);
    expect(ahead).toEqual([]);
  });

  it('is a tar that other tools can read', async () => {
    const file = join(folder, 'all.tar.gz');
    await backUp(file);
    const { stdout } = await run('tar', ['tzf', file]);
    const names = stdout.trim().split('\n');
    expect(names[0]).toBe('backlot-backup.json');
    expect(names.at(-1)).toBe('end.json');
    expect(names.filter((name) => name.startsWith('tables/book/')).length).toBeGreaterThan(1);
    const { stdout: rows } = await run('tar', ['xzOf', file, 'tables/project/000001.copy']);
    expect(rows).toContain('Tab\\tNewline\\n\\\\. \\\\N 电影');
  });

  it('shows one moment, whatever is written while it is taken', async () => {
    const writer = await createTestDatabase();
    open.push(writer);
    let pair = 0;
    let stop = false;
    const insert = async () => {
      while (!stop) {
        pair += 1;
        await writer.store.transaction(async (tx) => {
          const id = newId();
          await tx
            .insertInto('project')
            .values({ id, slug: `s${pair}`, name: 'x' })
            .execute();
          await tx
            .insertInto('event')
            .values({ id: newId(), project_id: id, kind: 'x', subject_kind: 'project', subject_id: id })
            .execute();
        });
      }
    };
    const writing = insert();
    const file = join(folder, 'moving.tar.gz');
    await backUp(file, writer.address);
    stop = true;
    await writing;
    const target = await emptyDatabase();
    await restore(file, target.address, [kernelMigrations]);
    const { rows } = await sql<{ projects: number; events: number }>`
      SELECT (SELECT count(*) FROM project) AS projects, (SELECT count(*) FROM event) AS events`.execute(
      target.db,
    );
    expect(rows[0]?.projects).toBe(rows[0]?.events);
  });

  it('of an earlier release gets the steps that this one has on top', async () => {
    const older = await createTestDatabase({
      migrations: [{ ...library, migrations: library.migrations.slice(0, 1) }],
    });
    open.push(older);
    await sql`INSERT INTO shelf VALUES (7, NULL, 'old')`.execute(older.db);
    const file = join(folder, 'old.tar.gz');
    await backUp(file, older.address);
    const target = await emptyDatabase();
    await restore(file, target.address);
    const { rows } = await sql`SELECT id FROM shelf ORDER BY id`.execute(target.db);
    expect(rows).toEqual([{ id: 0 }, { id: 7 }]);
  });

  it('of a newer release, or of a workload that is not here, is refused before anything is made', async () => {
    const file = join(folder, 'all.tar.gz');
    await backUp(file);
    const target = await emptyDatabase();
    await expect(restore(file, target.address, [kernelMigrations])).rejects.toMatchObject({
      code: 'backup_newer',
      params: { found: 'library/library/1-tables' },
    });
    const other: MigrationSet = { name: 'library', migrations: library.migrations.toReversed() };
    await expect(restore(file, target.address, [kernelMigrations, other])).rejects.toMatchObject({
      code: 'migration_history_diverged',
    });
    expect((await sql`SELECT FROM pg_class WHERE relname = 'task'`.execute(target.db)).rows).toEqual([]);
  });

  it('goes into an empty database only', async () => {
    const file = join(folder, 'all.tar.gz');
    await backUp(file);
    const before = await fingerprint(source);
    await expect(restore(file, source.address)).rejects.toMatchObject({ code: 'database_not_empty' });
    expect(await fingerprint(source)).toEqual(before);
  });

  it('that is cut off or damaged anywhere is refused, and leaves the database empty', async () => {
    const small = await createTestDatabase();
    open.push(small);
    await small.db.insertInto('project').values({ id: newId(), slug: 'a', name: 'a' }).execute();
    const file = join(folder, 'small.tar.gz');
    await backUp(file, small.address);
    const packed = await readFile(file);
    const plain = gunzipSync(packed);
    const project = plain.indexOf('tables/project/');
    const damaged: [string, Buffer][] = [
      ['empty', Buffer.alloc(0)],
      ['not packed', Buffer.from('this is no backup at all')],
      ['cut in the packing', packed.subarray(0, packed.length - 20)],
      ['cut in the middle', packed.subarray(0, packed.length / 2)],
      ['without its end', gzipSync(plain.subarray(0, plain.indexOf('end.json')))],
      ['with another row', gzipSync(replaceAt(plain, project + 512 + 2, 'f'))],
      ['with a broken header', gzipSync(replaceAt(plain, project + 3, 'X'))],
      ['with a foreign entry', gzipSync(Buffer.concat([plain.subarray(0, 10)]))],
    ];
    for (const [what, bytes] of damaged) {
      const target = await emptyDatabase();
      await expect(restore(bytes, target.address, [kernelMigrations]), what).rejects.toMatchObject({
        code: 'backup_unreadable',
        kind: { status: 400 },
      });
      const { rows } =
        await sql`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`.execute(
          target.db,
        );
      expect(rows, what).toEqual([]);
    }
  });

  it('ends when the caller gives up or the disk fails, and frees its connection', async () => {
    const connections = async () => {
      const { rows } = await sql<{ count: number }>`
        SELECT count(*) AS count FROM pg_stat_activity
        WHERE application_name LIKE 'backlot backup' AND datname = current_database()`.execute(source.db);
      return rows[0]?.count;
    };
    const caller = new AbortController();
    const reason = new Error('enough');
    const slow = new PassThrough();
    slow.once('data', () => caller.abort(reason));
    await expect(
      backupTo({ address: source.address, output: slow, signal: caller.signal }),
    ).rejects.toBeDefined();
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space left'), { code: 'ENOSPC' })),
    });
    await expect(backupTo({ address: source.address, output: full })).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    for (let tries = 0; tries < 300 && (await connections()) !== 0; tries += 1)
      await new Promise((r) => setTimeout(r, 10));
    expect(await connections()).toBe(0);
  });
});

describe('a backup with files', () => {
  it('brings every file, tells of those that were missing, and takes back what it brought when it fails', async () => {
    const database = await createTestDatabase();
    open.push(database);
    const blobs = await openFsBlobStore({
      directory: join(folder, 'a'),
      beforePublish: recordBlob(database.db),
    });
    const bytes = [randomBytes(10), randomBytes(3_000_000), Buffer.alloc(0)];
    const digests: string[] = [];
    for (const content of bytes) {
      digests.push((await blobs.put(Readable.from([content], { objectMode: false }))).digest);
    }
    const lost = (await blobs.put(Readable.from([randomBytes(5)], { objectMode: false }))).digest;
    await blobs.delete(lost);
    const file = join(folder, 'files.tar.gz');
    const result = await backupTo({ address: database.address, blobs, output: createWriteStream(file) });
    expect(result).toMatchObject({ blobs: 3, missingBlobs: [lost] });

    const target = await emptyDatabase();
    const into = await openFsBlobStore({ directory: join(folder, 'b') });
    const restored = await restoreFrom({
      address: target.address,
      source: createReadStream(file),
      migrations: [kernelMigrations],
      blobs: into,
      log,
    });
    expect(restored).toMatchObject({ blobs: 3, skippedBlobs: 0 });
    for (const [index, digest] of digests.entries()) {
      const back = Buffer.concat(await (await into.get(digest)).toArray());
      expect(back.equals(bytes[index] ?? Buffer.from('?'))).toBe(true);
    }

    const plain = gunzipSync(await readFile(file));
    const broken = join(folder, 'broken.tar.gz');
    await writeFile(broken, gzipSync(plain.subarray(0, plain.indexOf('end.json'))));
    const third = await openFsBlobStore({ directory: join(folder, 'c') });
    const other = await emptyDatabase();
    await expect(
      restoreFrom({
        address: other.address,
        source: createReadStream(broken),
        migrations: [kernelMigrations],
        blobs: third,
        log,
      }),
    ).rejects.toMatchObject({ code: 'backup_unreadable' });
    for (const digest of digests) expect(await third.stat(digest)).toBeUndefined();
    expect(await restore(file, (await emptyDatabase()).address, [kernelMigrations])).toMatchObject({
      blobs: 0,
      skippedBlobs: 3,
    });
  });
});

describe('a backup of a folder of files', () => {
  it('goes into an S3 store, big files too, and back', async () => {
    const database = await createTestDatabase();
    open.push(database);
    const s3 = await startTestS3Server();
    try {
      const blobs = await openFsBlobStore({
        directory: join(folder, 'a'),
        beforePublish: recordBlob(database.db),
      });
      const big = randomBytes(11_000_000);
      const { digest } = await blobs.put(Readable.from([big], { objectMode: false }));
      const there = join(folder, 'there.tar.gz');
      await backupTo({ address: database.address, blobs, output: createWriteStream(there) });

      const bucket = openS3BlobStore({ ...s3.location, ledger: createMemoryLedger() });
      const target = await emptyDatabase();
      const source = createReadStream(there);
      const migrations = [kernelMigrations];
      expect(
        await restoreFrom({ address: target.address, source, migrations, blobs: bucket, log }),
      ).toMatchObject({ blobs: 1 });
      const back = join(folder, 'back.tar.gz');
      await backupTo({ address: target.address, blobs: bucket, output: createWriteStream(back) });
      await bucket.close();

      const again = await openFsBlobStore({ directory: join(folder, 'b') });
      const last = await emptyDatabase();
      await restoreFrom({
        address: last.address,
        source: createReadStream(back),
        migrations,
        blobs: again,
        log,
      });
      expect(Buffer.concat(await (await again.get(digest)).toArray()).equals(big)).toBe(true);
    } finally {
      await s3.close();
    }
  });
});

describe('a backup of one server', () => {
  it('goes into a server of another major version, and back', async (context) => {
    const found = await findPlatformPackage();
    if (found === undefined) return context.skip();
    const other = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      log,
      binDir: await linkLibraries(found.root),
      settings: ['fsync=off'],
    });
    try {
      const there = join(folder, 'there.tar.gz');
      await backUp(there);
      await restore(there, { ...other.connection });
      const store = openDatabase({ address: other.connection, log });
      const { version } = await store.check();
      const mine = await source.store.check();
      expect(Number.parseInt(version, 10)).not.toBe(Number.parseInt(mine.version, 10));
      expect(await fingerprint(store)).toEqual(await fingerprint(source));
      await store.close();
      const back = join(folder, 'back.tar.gz');
      await backUp(back, { ...other.connection });
      const target = await emptyDatabase();
      await restore(back, target.address);
      expect(await fingerprint(target)).toEqual(await fingerprint(source));
    } finally {
      await other.close();
    }
  });
});

/** The bytes with one byte replaced. */
function replaceAt(bytes: Buffer, at: number, character: string): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at] === character.charCodeAt(0) ? 0x65 : character.charCodeAt(0);
  return copy;
}
