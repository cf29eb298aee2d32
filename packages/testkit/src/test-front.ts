import { type Clock, systemClock } from '@backlot/contract/clock';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import { createFront, type Front, type FrontOptions } from '@backlot/control/front';
import type { Kernel } from '@backlot/control/kernel';
import { createLeadership } from '@backlot/control/leader/leadership';
import pino from 'pino';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** Cheap password hashes: tests sign in often, and none of them is about how long that takes. */
export const cheapPasswords = { N: 2 ** 10, r: 8, p: 1 } as const;

export interface TestFrontOptions extends Partial<FrontOptions> {
  readonly database?: TestDatabase;
  /** Further routes, before the server is ready. */
  readonly extend?: (front: Front) => void | Promise<void>;
}

/** The rooms that face people and programs on a real database, without the core behind them. */
export interface TestFront extends Front {
  readonly database: TestDatabase;
  readonly app: Front['http']['app'];
  readonly adminToken: string;
  close(): Promise<void>;
}

/** Starts a front: it answers `inject`, and listens when `http.listen` is called. */
export async function createTestFront(options: TestFrontOptions = {}): Promise<TestFront> {
  const database = options.database ?? (await createTestDatabase());
  const log = options.log ?? pino({ level: 'silent' });
  const clock: Clock = options.clock ?? systemClock;
  const fabric = options.fabric ?? createLocalFabric({ log, clock });
  const adminToken = options.adminToken ?? 'the-administration-token-of-tests';
  const kernel = () => ({ db: database.db }) as Kernel; // Finders of projects use the database alone.
  const front = await createFront({
    store: database.store,
    fabric,
    leadership: createLeadership,
    replica: 'test',
    workloads: [],
    kernel,
    publicUrl: () => 'http://127.0.0.1:8080',
    version: '0.0.0-test',
    clock,
    log,
    passwordCost: cheapPasswords,
    ...options,
    adminToken: 'adminToken' in options ? options.adminToken : adminToken,
  });
  front.routes();
  await options.extend?.(front);
  await front.http.ready();
  await front.start();
  return {
    ...front,
    database,
    app: front.http.app,
    adminToken,
    async close() {
      await front.http.close(2_000);
      await front.close();
      await fabric.close();
      if (!options.database) await database.close();
    },
  };
}
