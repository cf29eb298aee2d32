import { type CoreHouse, type CoreHouseOptions, openCoreHouse } from './core-house.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** A core on a database of a test's own. */
export type TestCore = CoreHouse & { readonly database: TestDatabase };

export async function openTestCore(options: Omit<CoreHouseOptions, 'store'>): Promise<TestCore> {
  const database = await createTestDatabase();
  const house = await openCoreHouse({ ...options, store: database.store });
  // Not a spread: `core` and `metrics` are other ones after a restart.
  return Object.assign(Object.create(house) as CoreHouse, {
    database,
    async close() {
      await house.close();
      await database.close();
    },
  });
}
