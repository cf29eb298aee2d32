import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { openDatabase, type Store } from '@backlot/control/db/database';
import { kernelMigrations } from '@backlot/control/db/kernel-migrations';
import { type MigrationSet, migrate } from '@backlot/control/db/migrate';
import type { DatabaseAddress } from '@backlot/control/db/pool';
import pg from 'pg';
import pino from 'pino';
import { inject } from 'vitest';

export interface TestDatabaseOptions {
  /** Migrations after the kernel's, as workloads contribute them. */
  readonly migrations?: readonly MigrationSet[];
  /** True for a database without any table, for tests of migration and restore. */
  readonly empty?: boolean;
  readonly connections?: number;
}

/** A database of a test's own on a real server, migrated and empty. */
export interface TestDatabase {
  readonly store: Store;
  readonly db: Store['db'];
  /** For a second `openDatabase`, or for a child process. */
  readonly address: Exclude<DatabaseAddress, string>;
  /** The same as a URL, for `BACKLOT_DATABASE_URL`. */
  readonly url: string;
  /** Closes the connections and drops the database. Harmless when repeated. */
  close(): Promise<void>;
}

type ServerAddress = Exclude<DatabaseAddress, string>;

/** Templates are made once per run, by whoever comes first. Held while one is made or copied. */
const TEMPLATE_LOCK = 0x54706c74;

const silent = pino({ level: 'silent' });

/**
 * Gives a test file its own database on the run's one PostgreSQL server, copied from a migrated template
 * (some 30 ms). The server is started when the first test asks, and ends with the run: see
 * `vitest-global-setup.ts`. Call `close()` in `afterAll`.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await requestServer();
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await asAdministrator(server, async (admin) => {
    if (options.empty) {
      await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
      return;
    }
    const sets = [kernelMigrations, ...(options.migrations ?? [])];
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]); // given back with the connection
    const template = await ensureTemplate(admin, server, sets);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const address = { ...server, database: name };
  const store = openDatabase({ address, log: silent, connections: options.connections ?? 8 });
  let closing: Promise<void> | undefined;
  return {
    store,
    db: store.db,
    address,
    url: `postgresql://${server.user}@/${name}?host=${encodeURIComponent(server.host)}&port=${server.port}`,
    close() {
      closing ??= store
        .close()
        .then(() =>
          asAdministrator(server, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
        )
        .then(() => undefined);
      return closing;
    },
  };
}

/** The template for these migrations, named after them; made when it is not there. */
async function ensureTemplate(
  admin: pg.Client,
  server: ServerAddress,
  sets: readonly MigrationSet[],
): Promise<string> {
  const order = sets.flatMap((set) => set.migrations.map(({ name }) => `${set.name}/${name}`)).join('\n');
  const template = `template_${createHash('sha256').update(order).digest('hex').slice(0, 16)}`;
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [template]);
  if (rowCount) return template;
  // Made under another name, so that a failing migration leaves no half-made template.
  const draft = `${template}_draft`;
  await admin.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${draft} TEMPLATE template0`);
  const store = openDatabase({ address: { ...server, database: draft }, log: silent, connections: 1 });
  try {
    await migrate(store, sets, silent);
  } finally {
    await store.close();
  }
  await admin.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
  return template;
}

async function asAdministrator<T>(server: ServerAddress, run: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ ...server, database: 'postgres', connectionTimeoutMillis: 20_000 });
  await admin.connect();
  try {
    return await run(admin);
  } finally {
    await admin.end();
  }
}

/** Asks the run's main process for the server, which starts it when this is the first question. */
function requestServer(): Promise<ServerAddress> {
  const broker = inject('backlotPostgresBroker');
  return new Promise((resolve, reject) => {
    const socket = connect(broker);
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(60_000, () =>
      socket.destroy(new Error('The test database server did not start in 60 s.')),
    );
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('error', reject);
    socket.once('end', () => {
      const reply = JSON.parse(answer) as { connection: ServerAddress } | { error: string };
      if ('connection' in reply) resolve(reply.connection);
      else reject(new Error(`The test database server did not start: ${reply.error}`));
    });
  });
}
