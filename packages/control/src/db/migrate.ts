import { createHash } from 'node:crypto';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from './database.ts';
import { toStoreError } from './database-error.ts';

/**
 * One step forward of the schema. There are no steps back: a release that has run its steps goes on from
 * there, and going back means restoring a backup.
 */
export interface Migration {
  /** Unique within its set and never changed: `0003-task-history`. */
  readonly name: string;
  /**
   * Changes tables and data inside the transaction that is given. It must not use the typed tables of today:
   * a step describes the schema of its own day, hence `unknown` tables.
   */
  up(db: Transaction<Record<string, Record<string, unknown>>>): Promise<void>;
}

/** The steps of the kernel or of one workload, oldest first. */
export interface MigrationSet {
  /** `kernel`, or the workload's name. */
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** A step that has been taken, as recorded in the table `migration`. */
export interface AppliedMigration {
  readonly set: string;
  /** From 1. */
  readonly position: number;
  readonly name: string;
  /** Over the names of this step and all before it in its set. */
  readonly checksum: string;
}

/** A step still to take. */
export interface PlannedMigration extends AppliedMigration {
  readonly migration: Migration;
}

/** `"BkLt"` as an advisory lock, which no other program on a shared server is likely to use. */
const MIGRATION_LOCK = 0x426b4c74;

/** Checksum of the order so far: it differs as soon as one name or its place differs. */
export function orderChecksum(names: readonly string[]): string {
  return createHash('sha256').update(names.join('\n')).digest('hex');
}

/**
 * Decides which steps to take, the sets one after the other in the order given (the kernel's come first,
 * because a workload's tables may refer to its). Steps of a set that is not given are left alone: a workload
 * may be taken out and put back.
 *
 * @throws database_newer when the database has more steps than we know
 * @throws migration_history_diverged when it has others
 */
export function planMigrations(
  sets: readonly MigrationSet[],
  applied: readonly AppliedMigration[],
): PlannedMigration[] {
  return sets.flatMap((set) => {
    const names = set.migrations.map(({ name }) => name);
    const taken = applied.filter((step) => step.set === set.name).sort((a, b) => a.position - b.position);
    for (const step of taken.slice(0, names.length)) {
      const expected = names[step.position - 1];
      if (step.checksum === orderChecksum(names.slice(0, step.position)) && step.name === expected) continue;
      throw new BacklotError(storeErrors.migration_history_diverged, {
        params: { set: set.name, position: step.position, found: step.name, expected: expected ?? 'none' },
      });
    }
    const unknown = taken[names.length];
    if (unknown) {
      throw new BacklotError(storeErrors.database_newer, {
        params: { migration: `${set.name}/${unknown.name}` },
      });
    }
    return set.migrations.slice(taken.length).map((migration, index) => {
      const position = taken.length + index + 1;
      const checksum = orderChecksum(names.slice(0, position));
      return { set: set.name, position, name: migration.name, checksum, migration };
    });
  });
}

/**
 * Brings the database up to this release, one transaction per step, under a lock: of several replicas that
 * start together one migrates and the others wait.
 *
 * @returns the names of the steps taken, `kernel/0001-kernel`
 */
export async function migrate(store: Store, sets: readonly MigrationSet[], log: Logger): Promise<string[]> {
  return store.db.connection().execute(async (connection) => {
    // A big table may take minutes; the usual limit is for statements that somebody waits for.
    await sql`SET statement_timeout = 0`.execute(connection);
    await sql`SET lock_timeout = '10min'`.execute(connection);
    await sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`.execute(connection);
    try {
      const planned = planMigrations(sets, await readApplied(connection));
      for (const step of planned) await take(connection, step, log);
      return planned.map(({ set, name }) => `${set}/${name}`);
    } finally {
      await sql`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`.execute(connection);
      await sql`RESET statement_timeout`.execute(connection);
      await sql`RESET lock_timeout`.execute(connection);
    }
  });
}

/** The steps a database has taken. Makes the table when it is the first time. */
export async function readApplied<T>(db: Kysely<T>): Promise<AppliedMigration[]> {
  await sql`
    CREATE TABLE IF NOT EXISTS migration (
      set_name text NOT NULL,
      position integer NOT NULL CHECK (position > 0),
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (set_name, position),
      UNIQUE (set_name, name)
    )`.execute(db);
  const { rows } = await sql<AppliedMigration>`
    SELECT set_name AS "set", position, name, checksum FROM migration ORDER BY set_name, position
  `.execute(db);
  return rows;
}

/** Takes one step and writes it down, inside of the caller's transaction. */
export async function takeStep<T>(tx: Transaction<T>, step: PlannedMigration): Promise<void> {
  // The step's own view of the tables; see Migration.up.
  await step.migration.up(tx as unknown as Transaction<Record<string, Record<string, unknown>>>);
  await sql`
    INSERT INTO migration (set_name, position, name, checksum)
    VALUES (${step.set}, ${step.position}, ${step.name}, ${step.checksum})
  `.execute(tx);
}

async function take<T>(connection: Kysely<T>, step: PlannedMigration, log: Logger): Promise<void> {
  const name = `${step.set}/${step.name}`;
  try {
    await connection.transaction().execute((tx) => takeStep(tx, step));
  } catch (error) {
    log.error({ err: error, migration: name }, 'a migration failed; the database stays as it was before it');
    throw toStoreError(error);
  }
  log.info({ migration: name }, 'migrated');
}
