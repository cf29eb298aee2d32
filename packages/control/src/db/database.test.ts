import { connect, createServer, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import fc from 'fast-check';
import { sql } from 'kysely';
import pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collisionPauseMs, openDatabase, type Store } from './database.ts';
import {
  isCheckViolation,
  isForeignKeyViolation,
  isUniqueViolation,
  judgeDatabaseError,
  toStoreError,
} from './database-error.ts';

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await createTestDatabase();
  store = database.store;
  await sql`CREATE TABLE account_balance (
    name text PRIMARY KEY,
    amount int NOT NULL CONSTRAINT never_negative CHECK (amount >= 0)
  )`.execute(store.db);
});
afterAll(() => database.close());

describe('the store', () => {
  it('reads 64-bit integers as numbers and refuses one that would lose digits', async () => {
    const { rows } =
      await sql`SELECT ${Number.MAX_SAFE_INTEGER}::bigint AS n, '{1,2}'::text[] AS list`.execute(store.db);
    expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER, list: ['1', '2'] }]);
    await expect(sql`SELECT 9007199254740993::bigint`.execute(store.db)).rejects.toThrow(RangeError);
  });

  it('waits for the disk except on the relaxed connections', async () => {
    const setting = async (db: Store['db']) =>
      (await sql<{ value: string }>`SELECT current_setting('synchronous_commit') AS value`.execute(db))
        .rows[0]?.value;
    expect(await setting(store.relaxed)).toBe('off');
    // The test server itself runs with it off; the pool must not be the one that says so.
    const { rows } = await sql<{ source: string }>`
      SELECT source FROM pg_settings WHERE name = 'synchronous_commit'`.execute(store.db);
    expect(rows[0]?.source).not.toBe('client');
  });

  it('limits how long a transaction may idle, a lock is waited for, and a statement runs', async () => {
    const { rows } = await sql<{ name: string; setting: string }>`
      SELECT name, setting FROM pg_settings
      WHERE name IN ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout')
      ORDER BY name`.execute(store.db);
    expect(rows.map(({ setting }) => Number(setting))).toEqual([30_000, 10_000, 15_000]);
  });

  it('knows the server’s version', async () => {
    const { version } = await store.check();
    expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(15);
  });

  it('rolls a transaction back when its function throws, and hands the error on', async () => {
    const reason = new Error('changed my mind');
    await expect(
      store.transaction(async (tx) => {
        await sql`INSERT INTO account_balance VALUES ('rolled-back', 1)`.execute(tx);
        throw reason;
      }),
    ).rejects.toBe(reason);
    const { rows } = await sql`SELECT FROM account_balance WHERE name = 'rolled-back'`.execute(store.db);
    expect(rows).toEqual([]);
  });

  it('runs colliding transactions again until all of them have happened', async () => {
    await sql`INSERT INTO account_balance VALUES ('shared', 0)`.execute(store.db);
    let runs = 0;
    const add = () =>
      store.transaction(
        async (tx) => {
          runs += 1;
          const { rows } = await sql<{ amount: number }>`
            SELECT amount FROM account_balance WHERE name = 'shared'`.execute(tx);
          await sql`UPDATE account_balance SET amount = ${(rows[0]?.amount ?? 0) + 1} WHERE name = 'shared'`.execute(
            tx,
          );
        },
        { isolation: 'serializable', attempts: 50 },
      );
    await Promise.all(Array.from({ length: 8 }, add));
    const { rows } = await sql<{ amount: number }>`
      SELECT amount FROM account_balance WHERE name = 'shared'`.execute(store.db);
    expect(rows[0]?.amount).toBe(8);
    expect(runs).toBeGreaterThan(8);
  });

  it('survives a deadlock: both transactions happen', async () => {
    await sql`INSERT INTO account_balance VALUES ('left', 0), ('right', 0)`.execute(store.db);
    const meet = barrier(2);
    const both = (first: string, second: string) => {
      let met = false;
      return store.transaction(async (tx) => {
        await sql`UPDATE account_balance SET amount = amount + 1 WHERE name = ${first}`.execute(tx);
        if (!met) await meet();
        met = true;
        await sql`UPDATE account_balance SET amount = amount + 1 WHERE name = ${second}`.execute(tx);
      });
    };
    await Promise.all([both('left', 'right'), both('right', 'left')]);
    const { rows } = await sql`
      SELECT amount FROM account_balance WHERE name IN ('left', 'right')`.execute(store.db);
    expect(rows).toEqual([{ amount: 2 }, { amount: 2 }]);
  });

  it('tells which constraint a statement broke', async () => {
    const broken = async (statement: ReturnType<typeof sql>) =>
      statement.execute(store.db).then(
        () => undefined,
        (error: unknown) => error,
      );
    await sql`INSERT INTO account_balance VALUES ('taken', 1)`.execute(store.db);
    const twice = await broken(sql`INSERT INTO account_balance VALUES ('taken', 1)`);
    expect(isUniqueViolation(twice)).toBe(true);
    expect(isUniqueViolation(twice, 'account_balance_pkey')).toBe(true);
    expect(isUniqueViolation(twice, 'another')).toBe(false);
    const negative = await broken(sql`INSERT INTO account_balance VALUES ('debt', -1)`);
    expect(isCheckViolation(negative, 'never_negative')).toBe(true);
    expect(isUniqueViolation(negative)).toBe(false);
    const orphan = await broken(
      sql`INSERT INTO avoidance (id, task_id, node_id, signature, until)
          VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', now())`,
    );
    expect(isForeignKeyViolation(orphan)).toBe(true);
  });

  it('ends a statement at its time limit with a typed error', async () => {
    const impatient = openDatabase({ ...database, log: pino({ level: 'silent' }), statementTimeoutMs: 50 });
    try {
      await expect(sql`SELECT pg_sleep(30)`.execute(impatient.db)).rejects.toMatchObject({
        code: 'database_timeout',
      });
    } finally {
      await impatient.close();
    }
  });

  it('reports a session that the server ended as unavailable, and works again at once', async () => {
    const asleep = sql`SELECT pg_sleep(31)`.execute(store.db);
    const answer = expect(asleep).rejects.toMatchObject({ code: 'database_unavailable', retryAfterS: 2 });
    for (let ended = 0; ended === 0; ) {
      const { rows } = await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE 'SELECT pg_sleep(31)%' AND datname = current_database() AND pid <> pg_backend_pid()
      `.execute(store.db);
      ended = rows.length;
    }
    await answer;
    await expect(sql`SELECT 1`.execute(store.db)).resolves.toBeDefined();
  });

  it('says that the outcome is open when the connection ends during the commit', async () => {
    const proxy = await cuttingProxy(database.address.host, database.address.port, /commit/);
    const cut = openDatabase({
      address: { ...database.address, host: '127.0.0.1', port: proxy.port },
      log: pino({ level: 'silent' }),
    });
    try {
      const change = cut.transaction(async (tx) => {
        await sql`INSERT INTO account_balance VALUES ('unknown', 1)`.execute(tx);
      });
      await expect(change).rejects.toMatchObject({ code: 'commit_unknown' });
    } finally {
      await cut.close();
      await proxy.close();
    }
  });

  it('gives up on a server that is not there with the typed error', async () => {
    const nowhere = openDatabase({
      address: { host: '/nonexistent', port: 5432, user: 'x', database: 'x' },
      log: pino({ level: 'silent' }),
    });
    await expect(sql`SELECT 1`.execute(nowhere.db)).rejects.toMatchObject({
      code: 'database_unavailable',
      kind: { status: 503, retryable: true },
    });
    await nowhere.close();
    await nowhere.close();
  });
});

describe('a database error', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    [coded('08006'), 'unavailable'],
    [coded('57P01'), 'unavailable'],
    [coded('53300'), 'unavailable'],
    [coded('ECONNREFUSED'), 'unavailable'],
    [new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]), 'unavailable'],
    [new Error('Connection terminated unexpectedly'), 'unavailable'],
    [coded('53100'), 'full'],
    [coded('57014'), 'timeout'],
    [new Error('Query read timeout'), 'timeout'],
    [coded('40001'), 'collision'],
    [coded('40P01'), 'collision'],
    [coded('23505'), 'statement'],
    [coded('42601'), 'statement'],
    [new TypeError('ours'), 'statement'],
    ['not even an error', 'statement'],
  ] as const)('%s means: %s', (error, failure) => {
    expect(judgeDatabaseError(error)).toBe(failure);
  });

  it('tells a database that is closed for a while from a statement that came too early', () => {
    const closed = Object.assign(
      new pg.DatabaseError('database "a" is not currently accepting connections', 1, 'error'),
      { code: '55000' },
    );
    const early = Object.assign(new pg.DatabaseError('lastval is not yet defined', 1, 'error'), {
      code: '55000',
    });
    expect(judgeDatabaseError(closed)).toBe('unavailable');
    expect(judgeDatabaseError(early)).toBe('statement');
  });

  it('is handed on untouched when the statement is at fault', () => {
    const error = new pg.DatabaseError('duplicate key', 1, 'error');
    expect(toStoreError(error)).toBe(error);
  });

  it('makes those who collided wait differently long, and never long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 1_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, random) => {
          const pause = collisionPauseMs(n, () => random);
          return pause >= 0 && pause <= 200;
        },
      ),
    );
  });
});

/** Resolves for everybody once `count` have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    waiting += 1;
    if (waiting === count) resolve();
    return promise;
  };
}

/** Loopback in front of the server's socket that hangs up when the client sends what matches. */
async function cuttingProxy(
  socketDirectory: string,
  port: number,
  pattern: RegExp,
): Promise<{ port: number; close: () => Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(`${socketDirectory}/.s.PGSQL.${port}`);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.pipe(client);
    client.on('data', (chunk) => {
      if (pattern.test(chunk.toString('latin1'))) client.destroy();
      else upstream.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
