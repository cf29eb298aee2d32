import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { isConnectionLost, toStoreError } from './database-error.ts';

/** Where the database is: a `postgresql://` URL, or the fields that the embedded server gives. */
export type DatabaseAddress =
  | string
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
      readonly password?: string;
    };

export interface PoolOptions {
  readonly address: DatabaseAddress;
  /** Shown in `pg_stat_activity`, so that an operator sees who holds what. */
  readonly applicationName: string;
  readonly connections: number;
  /** The server ends a statement after this long. */
  readonly statementTimeoutMs: number;
  /** False for writes that may be lost in a crash of the server: they don't wait for the disk. */
  readonly durable: boolean;
  readonly log: Logger;
}

/** Time to get a connection, from the pool or from the server. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A statement waits for a lock at most this long. */
const LOCK_TIMEOUT_MS = 10_000;
/** A transaction that does nothing holds back vacuum and makes every claim slower (stack.md 1.3, rule 3). */
const IDLE_IN_TRANSACTION_MS = 30_000;

/** Fields of `pg` for an address. */
export function addressFields(address: DatabaseAddress): pg.ClientConfig {
  return typeof address === 'string' ? { connectionString: address } : { ...address };
}

/** A pool of connections with time limits on everything. */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...addressFields(options.address),
    application_name: options.applicationName,
    max: options.connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // The last resort when the network swallows the answer of a server that has long given up.
    query_timeout: options.statementTimeoutMs + 5_000,
    keepAlive: true,
    types: { getTypeParser },
    ...(options.durable ? {} : { options: '-c synchronous_commit=off' }),
  });
  // A connection in use tells its end through the statement that fails; without a listener on the client
  // itself `pg` would also throw it as an uncaught error.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', (error) => options.log.debug({ err: error }, 'an idle database connection ended'));
  return pool;
}

/** A pool as Kysely takes it, whose failures are our typed errors. */
export function withTypedErrors(pool: pg.Pool): PostgresPool {
  const wrappers = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw toStoreError(error);
      }
      const known = wrappers.get(client);
      if (known) return known;
      const wrapper = wrapClient(client);
      wrappers.set(client, wrapper);
      return wrapper;
    },
  };
}

function wrapClient(client: pg.PoolClient): PostgresPoolClient {
  // The server's farewell (57P01) arrives as a failed statement, a moment before the socket closes: until then
  // the pool would take the connection for sound and give it to the next caller.
  let lost = false;
  async function query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    // With its connection a transaction is gone: nothing is left to roll back, and a failure here would hide
    // the reason why it was tried.
    if (lost && sql === 'rollback') return { command: 'ROLLBACK', rowCount: 0, rows: [] };
    try {
      const result = await client.query<R & pg.QueryResultRow>(sql, [...parameters]);
      // `pg` hands on the command tag of the server; Kysely looks only at those that change rows.
      return result as unknown as PostgresQueryResult<R>;
    } catch (error) {
      lost ||= isConnectionLost(error);
      throw toStoreError(error, sql === 'commit');
    }
  }
  return {
    // Kysely's second signature is for cursors, which this pool does not offer.
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || lost),
  };
}

/**
 * 64-bit integers arrive as numbers: ours are sequences, sizes and counts, all below 2^53. One that is not
 * is an error and never a silently wrong number. Everything else keeps the defaults of `pg`.
 */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  if (oid === pg.types.builtins.INT8 && format !== 'binary') return parseSafeInteger;
  return pg.types.getTypeParser(oid, format === 'binary' ? 'text' : format);
};

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The 64-bit integer ${text} does not fit a number.`);
  return value;
}
