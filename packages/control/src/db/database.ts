import { type Clock, systemClock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import { type IsolationLevel, Kysely, PostgresDialect, sql } from 'kysely';
import type pg from 'pg';
import type { Logger } from 'pino';
import { judgeDatabaseError } from './database-error.ts';
import { OLDEST_SUPPORTED_MAJOR } from './embedded/binaries.ts';
import { createPool, type DatabaseAddress, withTypedErrors } from './pool.ts';
import type { Db, Tables, Tx } from './schema.ts';

export interface StoreOptions {
  readonly address: DatabaseAddress;
  readonly log: Logger;
  /** Connections for everything but heartbeats. */
  readonly connections?: number;
  readonly statementTimeoutMs?: number;
  readonly clock?: Clock;
  /** A number in [0, 1), for the jitter between two tries of a transaction. */
  readonly random?: () => number;
}

export interface TransactionOptions {
  /** `read committed` when not given. */
  readonly isolation?: IsolationLevel;
  /** How often a transaction that met another one is run, in all. */
  readonly attempts?: number;
}

/** The database as the rest of the control plane sees it. */
export interface Store {
  /** Durable statements. Failures of the database itself arrive as `database_unavailable` and its kin. */
  readonly db: Db;
  /**
   * The same tables on connections that don't wait for the disk (`synchronous_commit=off`): heartbeats and
   * load only. In a crash of the server the last fraction of a second may be lost, never be torn.
   */
  readonly relaxed: Db;
  /**
   * Runs a transaction, and runs it again when it collided with another (serialisation failure, deadlock).
   * So `run` must not have effects outside of the transaction.
   */
  transaction<T>(run: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** A connection of the durable pool for what Kysely has no words for (COPY, session locks). Release it. */
  connect(): Promise<pg.PoolClient>;
  /** Asks the server for its version. @throws database_unavailable, database_too_old */
  check(): Promise<{ readonly version: string }>;
  /** Closes every connection, waiting for statements in progress. Harmless when repeated. */
  close(): Promise<void>;
}

const DEFAULT_CONNECTIONS = 16;
const RELAXED_CONNECTIONS = 2;
const STATEMENT_TIMEOUT_MS = 15_000;
const TRANSACTION_ATTEMPTS = 5;

/** Pause before the n-th try (from 2): full jitter, because those who collided must not meet again. */
export function collisionPauseMs(attempt: number, random: () => number): number {
  return random() * Math.min(200, 5 * 2 ** attempt);
}

/** Opens the database. No connection is made before the first statement. */
export function openDatabase(options: StoreOptions): Store {
  const { log, clock = systemClock, random = Math.random } = options;
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const shared = { address: options.address, statementTimeoutMs, log };
  const pool = createPool({
    ...shared,
    applicationName: 'backlot',
    connections: options.connections ?? DEFAULT_CONNECTIONS,
    durable: true,
  });
  const relaxedPool = createPool({
    ...shared,
    applicationName: 'backlot heartbeats',
    connections: RELAXED_CONNECTIONS,
    durable: false,
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: withTypedErrors(pool) }) });
  const relaxed = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: withTypedErrors(relaxedPool) }),
  });
  let closing: Promise<void> | undefined;

  return {
    db,
    relaxed,

    async transaction(run, { isolation, attempts = TRANSACTION_ATTEMPTS } = {}) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const begin = db.transaction();
          return await (isolation ? begin.setIsolationLevel(isolation) : begin).execute(run);
        } catch (error) {
          if (attempt >= attempts || judgeDatabaseError(error) !== 'collision') throw error;
          await clock.sleep(collisionPauseMs(attempt + 1, random));
        }
      }
    },

    connect: () => pool.connect(),

    async check() {
      const { rows } = await sql<{ number: number; version: string }>`
        SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version
      `.execute(db);
      const row = rows[0];
      if (!row || Math.floor(row.number / 10_000) < OLDEST_SUPPORTED_MAJOR) {
        throw new BacklotError(storeErrors.database_too_old, {
          params: { found: row?.version ?? 'unknown' },
        });
      }
      return { version: row.version };
    },

    close() {
      // Not `db.destroy()`: Kysely ends the pool only when it has run a statement, and we own both pools.
      closing ??= Promise.all([pool.end(), relaxedPool.end()]).then(() => undefined);
      return closing;
    },
  };
}
