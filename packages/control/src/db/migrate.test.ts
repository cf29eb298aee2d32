import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import fc from 'fast-check';
import { sql } from 'kysely';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { kernelMigrations } from './kernel-migrations.ts';
import {
  type AppliedMigration,
  type Migration,
  type MigrationSet,
  migrate,
  orderChecksum,
  planMigrations,
  readApplied,
} from './migrate.ts';

const log = pino({ level: 'silent' });
const nothing = async () => undefined;
const step = (name: string, up: Migration['up'] = nothing): Migration => ({ name, up });
const set = (name: string, ...names: string[]): MigrationSet => ({
  name,
  migrations: names.map((n) => step(n)),
});

/** What the table holds after a release with this set has run. */
function applied(from: MigrationSet): AppliedMigration[] {
  const names = from.migrations.map(({ name }) => name);
  return names.map((name, index) => ({
    set: from.name,
    position: index + 1,
    name,
    checksum: orderChecksum(names.slice(0, index + 1)),
  }));
}

describe('the plan', () => {
  it('takes what is missing, the kernel’s steps before a workload’s', () => {
    const plan = planMigrations([set('kernel', 'a', 'b'), set('renders', 'x')], applied(set('kernel', 'a')));
    expect(plan.map(({ set, position, name }) => [set, position, name])).toEqual([
      ['kernel', 2, 'b'],
      ['renders', 1, 'x'],
    ]);
  });

  it('leaves the steps of a workload alone that is not installed', () => {
    expect(
      planMigrations([set('kernel', 'a')], [...applied(set('kernel', 'a')), ...applied(set('gone', 'x'))]),
    ).toEqual([]);
  });

  it('refuses a database from a newer release', () => {
    expect(() => planMigrations([set('kernel', 'a')], applied(set('kernel', 'a', 'b')))).toThrow(
      expect.objectContaining({ code: 'database_newer', params: { migration: 'kernel/b' } }),
    );
  });

  it('refuses a database whose steps were others, or in another order', () => {
    for (const other of [set('kernel', 'b', 'a'), set('kernel', 'a', 'c')]) {
      expect(() => planMigrations([set('kernel', 'a', 'b')], applied(other))).toThrow(
        expect.objectContaining({ code: 'migration_history_diverged' }),
      );
    }
  });

  it('goes on from any earlier release, and ends with every step taken once', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 12 }),
        fc.nat(12),
        (names, before) => {
          const today = set('kernel', ...names);
          const earlier = applied(set('kernel', ...names.slice(0, before)));
          const plan = planMigrations([today], earlier);
          const { migration: _, ...last } = plan.at(-1) ?? { migration: undefined };
          expect([...earlier, ...plan].map(({ name }) => name)).toEqual(names);
          if (plan.length > 0) expect(last).toEqual(applied(today).at(-1));
          expect(planMigrations([today], applied(today))).toEqual([]);
        },
      ),
    );
  });
});

describe('migrating', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterEach(() => database.close());

  it('builds the kernel’s tables from nothing, once', async () => {
    const taken = await migrate(database.store, [kernelMigrations], log);
    expect(taken).toEqual(kernelMigrations.migrations.map(({ name }) => `kernel/${name}`));
    expect(await migrate(database.store, [kernelMigrations], log)).toEqual([]);
    expect(await database.db.selectFrom('task').select('id').execute()).toEqual([]);
    await expect(database.db.deleteFrom('audit').execute()).resolves.toBeDefined();
    await database.db
      .insertInto('audit')
      .values({ actor_kind: 'system', actor_name: 'test', action: 'x', subject_kind: 'y' })
      .execute();
    await expect(database.db.deleteFrom('audit').execute()).rejects.toThrow(/append-only/);
  });

  it('keeps nothing of a step that fails, and goes on from there next time', async () => {
    const broken: MigrationSet = {
      name: 'kernel',
      migrations: [
        step('one', async (tx) => void (await sql`CREATE TABLE one (n int)`.execute(tx))),
        step('two', async (tx) => {
          await sql`CREATE TABLE two (n int)`.execute(tx);
          await sql`SELECT no_such_function()`.execute(tx);
        }),
      ],
    };
    await expect(migrate(database.store, [broken], log)).rejects.toThrow(/no_such_function/);
    expect((await readApplied(database.db)).map(({ name }) => name)).toEqual(['one']);
    const mended: MigrationSet = {
      name: 'kernel',
      migrations: [
        step('one', () => Promise.reject(new Error('never taken twice'))),
        step('two', async (tx) => void (await sql`CREATE TABLE two (n int)`.execute(tx))),
      ],
    };
    expect(await migrate(database.store, [mended], log)).toEqual(['kernel/two']);
  });

  it('is done by one of several replicas that start together', async () => {
    let runs = 0;
    const slow: MigrationSet = {
      name: 'kernel',
      migrations: [
        step('once', async (tx) => {
          runs += 1;
          await sql`CREATE TABLE once (n int)`.execute(tx);
          await sql`SELECT pg_sleep(0.2)`.execute(tx);
        }),
      ],
    };
    const replicas = Array.from({ length: 4 }, () =>
      openDatabase({ address: database.address, log, connections: 1 }),
    );
    try {
      const taken = await Promise.all(replicas.map((replica) => migrate(replica, [slow], log)));
      expect(taken.flat()).toEqual(['kernel/once']);
      expect(runs).toBe(1);
    } finally {
      await Promise.all(replicas.map((replica) => replica.close()));
    }
  });

  it('leaves the connection with its usual time limits', async () => {
    const store = openDatabase({ address: database.address, log, connections: 1 });
    try {
      await migrate(store, [set('kernel', 'a')], log);
      const { rows } = await sql<{
        value: string;
      }>`SELECT current_setting('statement_timeout') AS value`.execute(store.db);
      expect(rows[0]?.value).toBe('15s');
    } finally {
      await store.close();
    }
  });
});
