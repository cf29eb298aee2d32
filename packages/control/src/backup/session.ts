import { BacklotError, kernelErrors } from '@backlot/contract';
import pg from 'pg';
import { toStoreError } from '../db/database-error.ts';
import { addressFields, type DatabaseAddress } from '../db/pool.ts';

/** A connection of its own, and how to end it. */
export interface Session {
  readonly client: pg.Client;
  close(): Promise<void>;
}

/**
 * Opens a connection without time limits: copying a table takes as long as it takes. The caller's signal ends it
 * by closing the connection, which the server answers with a rollback.
 *
 * @throws database_unavailable, the signal's reason
 */
export async function openSession(
  address: DatabaseAddress,
  applicationName: string,
  signal: AbortSignal | undefined,
): Promise<Session> {
  signal?.throwIfAborted();
  const client = new pg.Client({
    ...addressFields(address),
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 0,
    lock_timeout: 60_000,
    idle_in_transaction_session_timeout: 0,
  });
  client.on('error', () => undefined); // the statement that fails tells it
  try {
    await client.connect();
  } catch (cause) {
    throw new BacklotError(kernelErrors.database_unavailable, { cause });
  }
  const abort = () => void client.end().catch(() => undefined);
  signal?.addEventListener('abort', abort, { once: true });
  return {
    client,
    async close() {
      signal?.removeEventListener('abort', abort);
      await client.end().catch(() => undefined);
    },
  };
}

/** Runs something on such a connection and closes it; a connection that breaks is told by its typed error. */
export async function withSession<T>(
  address: DatabaseAddress,
  applicationName: string,
  signal: AbortSignal | undefined,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const session = await openSession(address, applicationName, signal);
  try {
    return await run(session.client);
  } catch (error) {
    signal?.throwIfAborted();
    throw toStoreError(error);
  } finally {
    await session.close();
  }
}
