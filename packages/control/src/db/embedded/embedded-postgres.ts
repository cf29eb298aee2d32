import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import type { Logger } from 'pino';
import { createCluster, readDataMajor, SUPERUSER } from './cluster.ts';
import { createDatabaseIfMissing } from './create-database.ts';
import { clearLeftovers } from './leftovers.ts';
import { connectionString, DATABASE_NAME, type ListenPlan, planListening } from './listen.ts';
import { locateBinaries } from './locate-binaries.ts';
import { takeOwnerLock } from './owner-lock.ts';
import { type ServerProcess, ServerStartError, startServer } from './server-process.ts';
import { findServiceUser, requireReachable } from './service-user.ts';

export interface EmbeddedPostgresOptions {
  /** Folder that belongs to the embedded database alone; made when missing. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Folder with `postgres` and `initdb` (BACKLOT_PG_BIN); when set, nothing else is tried. */
  readonly binDir?: string;
  /** Further server settings, `name=value`, for tests and benchmarks. They win over ours. */
  readonly settings?: readonly string[];
  readonly clock?: Clock;
}

/** How to reach the server, in the fields that `pg` takes. */
export interface EmbeddedConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
}

/** A running, supervised PostgreSQL server that belongs to this process. */
export interface EmbeddedPostgres {
  readonly connection: EmbeddedConnection;
  /** The same as a URL; on Unix it names the socket's directory. */
  readonly connectionString: string;
  /** Version of the server, `18.4`. */
  readonly version: string;
  /** Process id of the present server; undefined between a crash and the next start. */
  readonly pid: number | undefined;
  /** Calls the listener each time the server dies by itself. Returns how to stop listening. */
  onCrash(listener: (lastWords: string) => void): () => void;
  /** Shuts the server down and gives up the folder. Resolves when no process is left. Harmless when repeated. */
  close(): Promise<void>;
}

/** A start that has been silent for this long is given up; recovery reports every ten seconds. */
const SILENCE_LIMIT_MS = 60_000;
/** Pause before the n-th restart of a server that keeps dying. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A server that lived this long starts again with the shortest pause. */
const STEADY_AFTER_MS = 5_000;

/** How long to wait before starting again after the n-th death in a row (from 1). */
export function restartPauseMs(deaths: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(deaths - 1, 20));
}

/**
 * Settings for a database that shares its machine with the work: modest memory, no just-in-time compiler
 * (its start-up costs more than our short statements), commits as durable as PostgreSQL makes them.
 */
const SETTINGS: readonly string[] = [
  'max_connections=100',
  'shared_buffers=128MB',
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
  'lc_messages=C',
  'logging_collector=off',
  'log_destination=stderr',
  'log_line_prefix=',
  'log_min_error_statement=panic',
  'log_checkpoints=off',
  'log_startup_progress_interval=10s',
  'max_wal_size=1GB',
  'checkpoint_timeout=5min',
  'autovacuum_naptime=15s',
  // After a kill the server brings its files to the disk before it recovers. One call for the whole file system
  // instead of one per file: 5-60 ms against 0.6-2 s, measured on two busy cores.
  ...(process.platform === 'linux' ? ['recovery_init_sync_method=syncfs'] : []),
];

/**
 * Finds a PostgreSQL server, makes a cluster at the first start, runs it as a child of this process, and
 * keeps it running: a server that dies is started again, and what an earlier, killed run left behind is
 * ended first.
 *
 * @throws database_binaries_missing, database_version_mismatch, data_directory_in_use,
 *   data_directory_unreachable, no_service_user, database_start_failed
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.dataDir, { recursive: true });
  // /proc shows real paths, and a socket's address must not depend on where we were started.
  const directory = await realpath(options.dataDir);
  const lock = await takeOwnerLock(join(directory, 'owner.json'), directory);
  try {
    const supervisor = await Supervisor.start(directory, options);
    return {
      connection: supervisor.connection,
      connectionString: connectionString(supervisor.plan),
      version: supervisor.version,
      get pid() {
        return supervisor.pid;
      },
      onCrash: (listener) => supervisor.onCrash(listener),
      close: once(async () => {
        await supervisor.close();
        await lock.release();
      }),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Launch {
  readonly dataDirectory: string;
  readonly plan: ListenPlan;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly start: () => Promise<ServerProcess>;
}

/** Owns the server through all its lives. */
class Supervisor {
  readonly #launch: Launch;
  readonly #listeners = new Set<(lastWords: string) => void>();
  readonly #closing = new AbortController();
  #server: ServerProcess | undefined;
  #watch: Promise<void> = Promise.resolve();

  static async start(directory: string, options: EmbeddedPostgresOptions): Promise<Supervisor> {
    const launch = await prepare(directory, options);
    const supervisor = new Supervisor(launch);
    const server = await launch.start();
    try {
      await createDatabaseIfMissing({ ...supervisor.connection, database: 'postgres' }, DATABASE_NAME);
    } catch (error) {
      await server.stop();
      throw error;
    }
    supervisor.#watch = supervisor.#supervise(server);
    return supervisor;
  }

  private constructor(launch: Launch) {
    this.#launch = launch;
  }

  get plan(): ListenPlan {
    return this.#launch.plan;
  }

  get version(): string {
    return this.#launch.version;
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  get connection(): EmbeddedConnection {
    const { host, port, password } = this.#launch.plan;
    return {
      host,
      port,
      user: SUPERUSER,
      database: DATABASE_NAME,
      ...(password === undefined ? {} : { password }),
    };
  }

  onCrash(listener: (lastWords: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#server?.stop();
    await this.#watch;
    const { dataDirectory, plan, log, clock } = this.#launch;
    // Only a server that had to be killed leaves backends behind.
    await clearLeftovers(dataDirectory, plan.host, log, clock);
  }

  /** Waits for each death and starts the next life, until closed. */
  async #supervise(first: ServerProcess): Promise<void> {
    const { log, clock } = this.#launch;
    this.#server = first;
    let deaths = 0;
    while (!this.#closing.signal.aborted) {
      if (this.#server) {
        const bornAt = clock.monotonic();
        const lastWords = await this.#server.ended;
        this.#server = undefined;
        if (this.#closing.signal.aborted) return;
        if (clock.monotonic() - bornAt >= STEADY_AFTER_MS) deaths = 0;
        log.error({ lastWords: lastWords.slice(-500) }, 'the database server died; starting it again');
        this.#tell(lastWords);
      }
      deaths += 1;
      const slept = clock.sleep(restartPauseMs(deaths), this.#closing.signal);
      await slept.catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      try {
        this.#server = await this.#launch.start();
        log.info({ pid: this.#server.pid }, 'the database server is back');
        if (this.#closing.signal.aborted) await this.#server.stop();
      } catch (error) {
        log.error({ err: error }, 'the database server could not be started again');
      }
    }
  }

  #tell(lastWords: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(lastWords);
      } catch (error) {
        this.#launch.log.error({ err: error }, 'a listener for the death of the database failed');
      }
    }
  }
}

/** Everything that has to be known and to exist before a server can be started here. */
async function prepare(directory: string, options: EmbeddedPostgresOptions): Promise<Launch> {
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const dataDirectory = join(directory, 'data');
  const user = await findServiceUser(dataDirectory);
  // The server passes through here to what is its own; that is closed to everybody else.
  if (user) await chmod(directory, 0o711);
  const dataMajor = await readDataMajor(dataDirectory);
  const { binaries, seen } = await locateBinaries(directory, user, dataMajor, options.binDir);
  if (binaries === undefined) {
    throw dataMajor === undefined || seen.length === 0
      ? new BacklotError(storeErrors.database_binaries_missing, {
          params: {
            wanted: dataMajor ?? '15 or newer',
            searched: options.binDir ?? 'BACKLOT_PG_BIN, the system, the npm package',
          },
        })
      : new BacklotError(storeErrors.database_version_mismatch, {
          params: { directory: dataDirectory, found: dataMajor, available: seen.join(', ') },
        });
  }
  const plan = await planListening(directory, user);
  if (dataMajor === undefined) {
    await createCluster(binaries, dataDirectory, user, plan.passwordFile);
    log.info({ version: binaries.version, binDir: binaries.binDir }, 'made a new database cluster');
  } else {
    await requireReachable(dataDirectory, user);
  }

  const start = async (): Promise<ServerProcess> => {
    for (let attempt = 1; ; attempt += 1) {
      await clearLeftovers(dataDirectory, plan.host, log, clock);
      try {
        return await startServer({
          binaries,
          dataDirectory,
          user,
          settings: [...SETTINGS, ...plan.options, ...(options.settings ?? [])],
          log,
          clock,
          silenceLimitMs: SILENCE_LIMIT_MS,
        });
      } catch (error) {
        // A dead server's backends need a moment; where the process table can't be read, waiting is all we can do.
        if (!(error instanceof ServerStartError) || error.failure !== 'leftover' || attempt >= 20)
          throw error;
        await clock.sleep(250);
      }
    }
  };
  return { dataDirectory, plan, version: binaries.version, log, clock, start };
}

function once(run: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= run();
    return result;
  };
}
