import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../db/database.ts';
import {
  beliefMs,
  createLeadership,
  type Leadership,
  type LeadershipOptions,
  renewalPauseMs,
} from './leadership.ts';

const log = pino({ level: 'silent' });
let database: TestDatabase;
const open: Leadership[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((leadership) => leadership.close()));
});
afterAll(() => database.close());

function leadership(replica: string, options: Partial<LeadershipOptions> = {}): Leadership {
  const made = createLeadership({ db: database.db, name: 'placement/default', replica, log, ...options });
  open.push(made);
  return made;
}

async function eventually(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come true in 10 s.');
}

/** Makes the present leader look silent for longer than its lease, by the clock that counts: the database's. */
const runOut = () =>
  sql`UPDATE leader SET until = clock_timestamp() - interval '1 second'`.execute(database.db);

describe('leadership', () => {
  it('belongs to exactly one of several replicas', async () => {
    const replicas = Array.from({ length: 8 }, (_, index) => leadership(`replica-${index}`));
    await Promise.all(replicas.map((replica) => replica.start()));
    expect(replicas.filter(({ held }) => held)).toHaveLength(1);
  });

  it('goes to another at once when it is given up', async () => {
    const first = leadership('a');
    await first.start();
    const second = leadership('b');
    await second.start();
    expect([first.held, second.held]).toEqual([true, false]);
    await first.close();
    const third = leadership('c');
    await third.start();
    expect(first.held).toBe(false);
    expect(third.held || second.held).toBe(true);
  });

  it('goes to another when the leader has been silent for its lease, and the old leader is told', async () => {
    let losses = 0;
    let until: AbortSignal | undefined;
    const first = leadership('a', {
      ttlMs: 400,
      onGained: (signal) => {
        until = signal;
      },
      onLost: () => {
        losses += 1;
      },
    });
    await first.start();
    expect(until?.aborted).toBe(false);
    await sql`UPDATE leader SET holder = 'b/else', until = clock_timestamp() + interval '1 hour'`.execute(
      database.db,
    );
    await eventually(() => losses > 0);
    expect(losses).toBe(1);
    expect(first.held).toBe(false);
    expect(until?.aborted).toBe(true);
    expect(until?.reason).toMatchObject({ code: 'lease_lost' });
    await sql`DELETE FROM leader`.execute(database.db);
  });

  it('is taken over at once by the same replica after a restart', async () => {
    const before = leadership('a');
    await before.start();
    const after = leadership('a');
    await after.start();
    expect(after.held).toBe(true);
  });

  it('ends by our own clock when the database is away, before another could have it', async () => {
    const away = openDatabase({ address: database.address, log, connections: 2 });
    let lost = false;
    const leader = createLeadership({
      db: away.db,
      name: 'placement/away',
      replica: 'a',
      ttlMs: 300,
      log,
      onLost: () => {
        lost = true;
      },
    });
    await leader.start();
    expect(leader.held).toBe(true);
    await away.close();
    await eventually(() => lost);
    expect(leader.held).toBe(false);
    await leader.close();
  });

  it('lets a guarded transaction through only for the leader', async () => {
    const leader = leadership('a');
    await leader.start();
    await expect(database.store.transaction((tx) => leader.guard(tx))).resolves.toBeUndefined();
    await runOut();
    await expect(database.store.transaction((tx) => leader.guard(tx))).rejects.toMatchObject({
      code: 'lease_lost',
    });
    const other = leadership('b');
    await other.start();
    expect(other.held).toBe(true);
    await expect(database.store.transaction((tx) => leader.guard(tx))).rejects.toMatchObject({
      code: 'lease_lost',
    });
  });

  it('can’t be taken over while a guarded transaction runs', async () => {
    const leader = leadership('a');
    await leader.start();
    const other = leadership('b');
    const order: string[] = [];
    let claiming: Promise<void> = Promise.resolve();
    await database.store.transaction(async (tx) => {
      await leader.guard(tx);
      // The lease runs out in the middle of the work, and another replica reaches for it.
      claiming = runOut()
        .then(() => other.start())
        .then(() => void order.push('taken over'));
      await sql`SELECT pg_sleep(0.3)`.execute(tx);
      order.push('committed');
    });
    await claiming;
    expect(order).toEqual(['committed', 'taken over']);
    expect(other.held).toBe(true);
  });

  it('is asked for several times within a lease, and believed in for less than it lasts', () => {
    for (const ttl of [100, 1_000, 10_000, 60_000]) {
      expect(renewalPauseMs(ttl) * 3).toBeLessThan(beliefMs(ttl));
      expect(beliefMs(ttl)).toBeLessThan(ttl);
    }
  });
});
