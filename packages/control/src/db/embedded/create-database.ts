import pg from 'pg';
import type { EmbeddedConnection } from './embedded-postgres.ts';

/** Makes our database in a fresh cluster. Asked at each start, because a first start may have been killed. */
export async function createDatabaseIfMissing(connection: EmbeddedConnection, name: string): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 10_000, query_timeout: 30_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
