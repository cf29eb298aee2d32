import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import pg from 'pg';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import { systemBinDirs } from './binaries.ts';
import {
  type EmbeddedConnection,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from './embedded-postgres.ts';
import { locateBinaries } from './locate-binaries.ts';
import { copyPackage, findPlatformPackage, linkLibraries } from './platform-package.ts';
import { postgresProcessesIn, processStartTime } from './process-table.ts';
import { runningEmbedded } from './running-embedded.ts';
import { findServiceUser } from './service-user.ts';

const log = pino({ level: 'silent' });
let folder: string;
let running: EmbeddedPostgres[];
let children: ChildProcess[];

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'backlot-embedded-')));
  await chmod(folder, 0o755);
  running = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of running) await server.close();
  const left = postgresProcessesIn(join(folder, 'postgres', 'data'));
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

async function start(binDir?: string, dataDir = join(folder, 'postgres')): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log, ...(binDir === undefined ? {} : { binDir }) });
  running.push(server);
  return server;
}

async function ask<T extends pg.QueryResultRow>(
  connection: EmbeddedConnection,
  statement: string,
): Promise<T[]> {
  const client = new pg.Client({ ...connection });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function eventually(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`It did not come true in 30 s that ${what}.`);
}

describe('the embedded database', () => {
  it('starts from nothing, keeps its data over a restart, and leaves no process and no port behind', async () => {
    const first = await start();
    await ask(first.connection, 'CREATE TABLE kept AS SELECT 7 AS n');
    const settings = await ask<{ name: string; setting: string }>(
      first.connection,
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('listen_addresses', 'fsync', 'synchronous_commit', 'lc_collate', 'data_checksums')`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toMatchObject({
      listen_addresses: '',
      fsync: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
    });
    expect((await stat(first.connection.host)).mode & 0o777).toBe(0o700);
    expect(await runningEmbedded(join(folder, 'postgres'))).toEqual(first.connection);
    await first.close();
    await first.close();
    expect(await runningEmbedded(join(folder, 'postgres'))).toBeUndefined();
    expect(postgresProcessesIn(join(folder, 'postgres', 'data'))).toEqual([]);

    const second = await start();
    expect(await ask(second.connection, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  it('does not run the server as root', async () => {
    const server = await start();
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    expect(status).not.toMatch(/^Uid:\s+0\s/m);
  });

  it('comes back after its server was killed, and the pool of connections with it', async () => {
    const server = await start();
    const store = openDatabase({ address: server.connection, log });
    try {
      await sql`CREATE TABLE fact (n int)`.execute(store.db);
      await sql`INSERT INTO fact VALUES (1)`.execute(store.db);
      const words: string[] = [];
      server.onCrash(() => {
        throw new Error('a listener that fails must not stop the restart');
      });
      server.onCrash((lastWords) => words.push(lastWords));
      const killed = server.pid;
      if (killed === undefined) throw new Error('the server has no pid');

      const asleep = sql`SELECT pg_sleep(60)`.execute(store.db);
      const answer = expect(asleep).rejects.toMatchObject({ code: 'database_unavailable' });
      await eventually('the statement runs', async () => {
        const { rows } = await sql<{ n: number }>`
          SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()
        `.execute(store.db);
        return rows[0]?.n === 1;
      });
      process.kill(killed, 'SIGKILL');
      await answer;
      await eventually('the database answers again', () =>
        sql`SELECT n FROM fact`.execute(store.db).then(
          ({ rows }) => rows.length === 1,
          () => false,
        ),
      );
      expect(words).toHaveLength(1);
      expect(server.pid).not.toBe(killed);
    } finally {
      await store.close();
    }
  });

  it('ends the server of an owner that was killed, and starts its own', async () => {
    const left = await leaveBehind();
    await ask(left.connection, 'CREATE TABLE kept AS SELECT 1 AS n');
    await kill(left.owner);
    expect(processStartTime(left.pid)).toBeDefined();

    const server = await start();
    expect(processStartTime(left.pid)).toBeUndefined();
    expect(server.pid).not.toBe(left.pid);
    expect(await ask(server.connection, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('starts although backends of a killed server still hold its memory', async () => {
    const left = await leaveBehind();
    const busy = new pg.Client({ ...left.connection });
    busy.on('error', () => undefined);
    await busy.connect();
    // A backend in a long computation does not look whether its server lives.
    const work = busy.query('SELECT count(*) FROM generate_series(1, 2000000000)').catch(() => undefined);
    await eventually('the backend is busy', async () => {
      const rows = await ask(left.connection, `SELECT FROM pg_stat_activity WHERE query LIKE '%2000000000%'`);
      return rows.length === 2;
    });
    await kill(left.owner);
    process.kill(left.pid, 'SIGKILL');
    await eventually('the server is dead', () => processStartTime(left.pid) === undefined);
    expect(postgresProcessesIn(join(folder, 'postgres', 'data')).length).toBeGreaterThan(0);

    const server = await start();
    expect(await ask(server.connection, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await work;
  });

  it('is not misled by lock files whose number belongs to another program', async () => {
    const first = await start();
    const { host } = first.connection;
    await first.close();
    const data = join(folder, 'postgres', 'data');
    const stale = `${process.pid}\n${data}\n1700000000\n5432\n${host}\n\n  1 2\nready   \n`;
    await writeFile(join(data, 'postmaster.pid'), stale);
    await writeFile(join(host, '.s.PGSQL.5432.lock'), stale);
    const second = await start();
    expect(await ask(second.connection, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('refuses a folder that a living process owns, and lets that one be', async () => {
    const first = await start();
    await expect(startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log })).rejects.toMatchObject({
      code: 'data_directory_in_use',
      params: { pid: process.pid },
    });
    expect(await ask(first.connection, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('says what to do about data of another major version', async () => {
    const server = await start();
    await server.close();
    const versionFile = join(folder, 'postgres', 'data', 'PG_VERSION');
    await writeFile(versionFile, '12\n');
    await expect(start()).rejects.toMatchObject({
      code: 'database_version_mismatch',
      message: expect.stringContaining('made by PostgreSQL 12') as string,
    });
  });

  it('says what to do when the configured folder holds no server', async () => {
    await expect(start(folder)).rejects.toMatchObject({ code: 'database_binaries_missing' });
    expect(await readdir(join(folder, 'postgres'))).toEqual([]);
  });

  it('works below a path that is too long for a socket', async () => {
    const deep = join(folder, 'a folder, with "odd" letters – 目录', 'x'.repeat(90), 'postgres');
    await mkdir(deep, { recursive: true });
    const server = await start(undefined, deep);
    expect(await ask(server.connection, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    expect(server.connection.host.length).toBeLessThan(90);
    await server.close();
    await rm(server.connection.host, { recursive: true, force: true });
  });

  it.runIf(process.getuid?.() === 0)('names the folder that its user may not enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await expect(start(undefined, join(closed, 'postgres'))).rejects.toMatchObject({
      code: 'data_directory_unreachable',
      params: { obstacle: closed },
    });
  });

  it('reports what the server said when it can’t start', async () => {
    await expect(
      startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log, settings: ['shared_buffers=wrong'] }),
    ).rejects.toMatchObject({
      code: 'database_start_failed',
      message: expect.stringContaining('shared_buffers') as string,
    });
  });
});

describe('the server that npm brought', () => {
  it('runs from a folder whose links nobody made', async (context) => {
    const found = await findPlatformPackage();
    if (found === undefined) return context.skip();
    // As npm unpacks it when install scripts are off: no symbolic link at all.
    const bare = join(folder, 'package');
    await cp(found.root, join(bare, 'native'), {
      recursive: true,
      filter: async (source) => !(await lstat(source)).isSymbolicLink(),
    });
    const copied = await copyPackage(
      { root: join(bare, 'native'), version: found.version },
      join(folder, 'copy'),
    );
    expect(copied).toBe(join(folder, 'copy', `server-${found.version}`, 'bin'));
    await linkLibraries(join(bare, 'native'));
    for (const binDir of [copied, join(bare, 'native', 'bin')]) {
      const server = await start(binDir);
      expect(server.version).toMatch(/^18\./);
      expect(await ask(server.connection, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
      await server.close();
    }
  });
});

describe.runIf(process.getuid?.() === 0)('where to find a server, as root', () => {
  it('takes a copy of npm’s when its user can’t reach the original, and only then', async (context) => {
    const found = await findPlatformPackage();
    if (found === undefined) return context.skip();
    const user = await findServiceUser(join(folder, 'none'));
    const search = (root: string) => ({ system: () => [], npmPackage: async () => ({ ...found, root }) });
    const own = join(folder, 'own');
    await mkdir(own);
    const inPlace = await locateBinaries(own, user, undefined, undefined, search(found.root));
    expect(inPlace.binaries?.binDir).toBe(join(found.root, 'bin'));
    expect(await readdir(own)).toEqual([]);

    const closed = join(folder, 'closed');
    await cp(found.root, join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    await chmod(closed, 0o700);
    const copied = await locateBinaries(own, user, undefined, undefined, search(join(closed, 'native')));
    expect(copied.binaries?.binDir).toBe(join(own, `server-${found.version}`, 'bin'));
    const server = await start(copied.binaries?.binDir);
    expect(await ask(server.connection, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('prefers an installed server, unless only npm’s can open the data', async (context) => {
    const found = await findPlatformPackage();
    const [installed] = systemBinDirs(process.env);
    if (found === undefined || installed === undefined) return context.skip();
    const search = { system: () => [installed], npmPackage: async () => found };
    const fresh = await locateBinaries(folder, undefined, undefined, undefined, search);
    expect(fresh.binaries?.binDir).toBe(installed);
    const major = Number.parseInt(found.version, 10);
    const kept = await locateBinaries(folder, undefined, major, undefined, search);
    expect(kept.binaries?.major).toBe(major);
    const none = await locateBinaries(folder, undefined, 12, undefined, search);
    expect([none.binaries, none.seen.length]).toEqual([undefined, 2]);
  });
});

interface LeftBehind {
  readonly owner: ChildProcess;
  readonly pid: number;
  readonly connection: EmbeddedConnection;
}

async function leaveBehind(): Promise<LeftBehind> {
  const owner = spawn(
    process.execPath,
    [join(import.meta.dirname, 'testing', 'leave-behind.ts'), join(folder, 'postgres')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(owner);
  for await (const line of createInterface({ input: owner.stdout })) {
    const { pid, connection } = JSON.parse(line) as { pid: number; connection: EmbeddedConnection };
    return { owner, pid, connection };
  }
  throw new Error('The owner ended before its database was up.');
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
