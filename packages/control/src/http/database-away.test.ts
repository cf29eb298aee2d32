import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';

let database: TestDatabase;
let front: TestFront;
let server: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  front = await createTestFront({ database });
  server = new pg.Client({ ...database.address, database: 'postgres' });
  await server.connect();
});
afterAll(async () => {
  await letIn(true);
  await server.end();
  await front.close();
  await database.close();
});

/** What a restart of the server looks like from here: connections end, and new ones are refused for a while. */
async function letIn(allowed: boolean): Promise<void> {
  const name = database.address.database;
  await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allowed}`);
  if (!allowed)
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
}

const ask = (url: string) =>
  front.app.inject({ url, headers: { authorization: `Bearer ${front.adminToken}` } });

it('is said as such, with when to come back, and is over by itself', async () => {
  expect((await ask('/readyz')).statusCode).toBe(200);
  await letIn(false);

  const refused = await ask('/api/v1/accounts');
  expect(refused.statusCode).toBe(503);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.json()).toMatchObject({ retryable: true, code: expect.stringMatching(/^database_/) });
  expect((await ask('/healthz')).statusCode).toBe(200);
  const ready = await ask('/readyz');
  expect(ready.statusCode).toBe(503);
  expect(ready.json()).toMatchObject({
    status: 'down',
    parts: expect.arrayContaining([
      expect.objectContaining({ name: 'database', status: 'down', reason: null }),
    ]),
  });
  const health = (await ask('/api/v1/health')).json();
  expect(health.parts.find(({ name }: { name: string }) => name === 'database').reason.code).toBe(
    'health.database_away',
  );

  await letIn(true);
  await expect.poll(async () => (await ask('/readyz')).statusCode, { timeout: 60_000 }).toBe(200);
  expect((await ask('/api/v1/accounts')).statusCode).toBe(200);
});
