import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstallationKeys } from './installation-keys.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

describe('keys of an installation', () => {
  it('are the same for every replica of a database, also when all ask at once', async () => {
    const replicas = [1, 2, 3].map(() => createInstallationKeys(database.store.db));
    const keys = await Promise.all(replicas.map((key) => key('streams.tickets')));
    expect(keys[0]).toHaveLength(32);
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
  });

  it('differ by purpose, so that a ticket of one kind is nothing to another', async () => {
    const key = createInstallationKeys(database.store.db);
    expect(await key('rooms.tokens')).not.toEqual(await key('streams.tickets'));
  });

  it('are found again after the database was away', async () => {
    const { db } = database.store;
    const key = createInstallationKeys(db);
    await sql`ALTER TABLE setting RENAME TO setting_away`.execute(db);
    await expect(key('x')).rejects.toThrow('setting');
    await sql`ALTER TABLE setting_away RENAME TO setting`.execute(db);
    expect(await key('x')).toEqual(await createInstallationKeys(db)('x'));
  });
});
