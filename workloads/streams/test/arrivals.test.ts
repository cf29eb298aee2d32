import { newId, systemClock } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runChange } from '../control/change.ts';
import type { Ground } from '../control/ground.ts';
import { Keeper } from '../control/instances/keeper.ts';
import { matchWaiting } from '../control/sessions/match.ts';
import { openSession } from '../control/sessions/open-session.ts';
import { type AppRow, tables } from '../control/tables.ts';
import { createTickets } from '../control/tickets/tickets.ts';
import { type AppInDatabase, createAppInDatabase } from '../testing/app-in-database.ts';

/** Many arrive at once, on a real database: who gets what is decided by its locks alone. */
let place: AppInDatabase;
let kernel: Kernel;
let app: AppRow;

beforeEach(async () => {
  place = await createAppInDatabase();
  ({ kernel, app } = place);
});
afterEach(() => place.close());

const arrive = () => place.arrive();
const addFree: AppInDatabase['addFree'] = (count, rest) => place.addFree(count, rest);
const stateOf = async (id: string) =>
  (
    await tables(kernel.db)
      .selectFrom('streams_session')
      .select('state')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).state;
/** An app as it is, but for its queue. */
const withQueue = (queueLength: number): AppRow => ({
  ...app,
  settings: { ...app.settings, limits: { ...app.settings.limits, queueLength } },
});

it('each gets an instance of its own, and the rest wait in the order of their arrival', async () => {
  await addFree(20);
  const opened = await Promise.all(Array.from({ length: 50 }, arrive));
  const taken = opened.flatMap(({ instanceId }) => (instanceId === null ? [] : [instanceId]));
  expect(taken).toHaveLength(20);
  expect(new Set(taken).size).toBe(20);
  expect(new Set(opened.map(({ playerId }) => playerId)).size).toBe(50);
  const waiting = await tables(kernel.db)
    .selectFrom('streams_session')
    .select('id')
    .where('state', '=', 'waiting')
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
  expect(waiting).toHaveLength(30);
  await addFree(7);
  // Several processes match at once, as they do when several instances become ready.
  await Promise.all([1, 2, 3].map(() => matchWaiting(place.ground, app.id)));
  await matchWaiting(place.ground, app.id);
  const ready = await tables(kernel.db)
    .selectFrom('streams_session')
    .select(['id', 'instance_id'])
    .where('state', '=', 'ready')
    .where(
      'id',
      'in',
      waiting.map(({ id }) => id),
    )
    .execute();
  expect(new Set(ready.map(({ id }) => id))).toEqual(new Set(waiting.slice(0, 7).map(({ id }) => id)));
  expect(new Set(ready.map(({ instance_id }) => instance_id)).size).toBe(7);
});

it('a queue has an end, and whoever is turned away leaves nothing behind', async () => {
  const tried = await Promise.allSettled(Array.from({ length: 31 }, arrive));
  // Those that come in the same moment don't see each other; the next one sees them all.
  await expect(arrive()).rejects.toMatchObject({ code: 'queue_full' });
  const stored = await tables(kernel.db).selectFrom('streams_session').select('id').execute();
  expect(stored).toHaveLength(tried.filter(({ status }) => status === 'fulfilled').length);
  const players = await tables(kernel.db).selectFrom('streams_player').select('id').execute();
  expect(players).toHaveLength(stored.length);
});

it('a worn instance is the last to be taken, and one of a node that is emptied is not', async () => {
  const [worn] = await addFree(1, { retire: 'memory' });
  await addFree(1, { retire: 'drained' });
  const [good] = await addFree(1);
  expect((await arrive()).instanceId).toBe(good);
  expect((await arrive()).instanceId).toBe(worn);
  expect((await arrive()).state).toBe('waiting');
});

it('nothing is taken from an app that was switched off a moment ago, whatever the copy in memory says', async () => {
  await addFree(1);
  await tables(kernel.db)
    .updateTable('streams_app')
    .set({ enabled: false })
    .where('id', '=', app.id)
    .execute();
  await expect(arrive()).rejects.toMatchObject({ code: 'app_disabled' });
});

it('an arrival writes its event and its timeline with it', async () => {
  await addFree(1);
  const { sessionId } = await arrive();
  const events = await kernel.db
    .selectFrom('event')
    .select(['kind', 'subject_id'])
    .where('subject_id', '=', sessionId)
    .orderBy('seq')
    .execute();
  expect(events.map(({ kind }) => kind)).toEqual(['streams.session.requested', 'streams.session.ready']);
});

it('nobody passes by those who wait: an instance that becomes free is given to the first of them', async () => {
  const first = await arrive();
  const second = await arrive();
  const [only] = await addFree(1);
  // It has become free, and nobody has given it out yet.
  const newcomer = await arrive();
  expect(newcomer.state).toBe('waiting');
  await matchWaiting(place.ground, app.id);
  expect(await Promise.all([first, second, newcomer].map(({ sessionId }) => stateOf(sessionId)))).toEqual([
    'ready',
    'waiting',
    'waiting',
  ]);
  const taken = await tables(kernel.db)
    .selectFrom('streams_instance')
    .select('session_id')
    .where('id', '=', only as string)
    .executeTakeFirstOrThrow();
  expect(taken.session_id).toBe(first.sessionId);
});

it('who waits and is away, or tries a version, is in nobody’s way', async () => {
  const away = await arrive();
  await tables(kernel.db)
    .updateTable('streams_session')
    .set({ away_since: new Date() })
    .where('id', '=', away.sessionId)
    .execute();
  const trial = await arrive();
  await tables(kernel.db)
    .updateTable('streams_session')
    .set({ trial_version: 1 })
    .where('id', '=', trial.sessionId)
    .execute();
  await addFree(1);
  expect((await arrive()).state).toBe('ready');
});

it('without any queue, a free instance that somebody just holds is waited for; without one nobody waits', async () => {
  const none = withQueue(0);
  await expect(place.arrive({}, none)).rejects.toMatchObject({ code: 'queue_full' });
  const [id] = await addFree(1);
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holder = kernel.transaction(async (tx) => {
    await sql`SELECT FROM streams_instance WHERE id = ${id} FOR NO KEY UPDATE`.execute(tx);
    locked.resolve();
    await held.promise;
  });
  await locked.promise;
  const opened = await place.arrive({}, none);
  expect(opened.state).toBe('waiting');
  // The place of that one is spoken for.
  await expect(place.arrive({}, none)).rejects.toMatchObject({ code: 'queue_full' });
  held.resolve();
  await holder;
  await matchWaiting(place.ground, app.id);
  expect(await stateOf(opened.sessionId)).toBe('ready');
});

/** A keeper of this app's pool. @param submit asks the kernel for an instance's job */
function keeperOf(submit: () => Promise<void>): Keeper {
  const keeper = new Keeper();
  const jobs = {
    submit: async () => {
      await submit();
      return { id: newId() };
    },
    setIntent: async () => undefined,
  };
  keeper.use({
    ...place.ground,
    keeper,
    kernel: { ...kernel, jobs, placement: { wake: () => undefined } } as unknown as Kernel,
    tickets: createTickets(async () => new Uint8Array(32), systemClock),
  } as Ground);
  return keeper;
}

it('a round of the keeper keeps no free instance from whoever arrives meanwhile', async () => {
  await addFree(1);
  await tables(kernel.db).updateTable('streams_app').set({ warm: 2 }).where('id', '=', app.id).execute();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const keeper = keeperOf(async () => {
    asked.resolve();
    await answer.promise;
  });
  keeper.wake(app.id);
  await asked.promise;
  // The round is in the middle of its transaction.
  const opened = await arrive();
  answer.resolve();
  await keeper.close();
  expect(opened.state).toBe('ready');
});

it('a round of the keeper never stops an instance that was taken since it has looked', async () => {
  const [old] = await addFree(1);
  await place.addVersion(2);
  await tables(kernel.db)
    .updateTable('streams_app')
    .set({ active_version: 2 })
    .where('id', '=', app.id)
    .execute();
  const keeper = keeperOf(async () => undefined);
  const opened = await runChange(kernel, async (change) => {
    const taken = await openSession(
      change,
      app,
      { app: 'rush', extensions: true, address: null, userAgent: null },
      null,
    );
    keeper.wake(app.id);
    // It finds the instance free, of an old version and not needed, and waits for this transaction to mark it.
    await vi.waitFor(async () => {
      const { rows } = await sql`SELECT FROM pg_locks WHERE NOT granted`.execute(kernel.db);
      expect(rows).toHaveLength(1);
    }, 90_000);
    return taken;
  });
  await keeper.close();
  expect(opened.instanceId).toBe(old);
  const after = await tables(kernel.db)
    .selectFrom('streams_instance')
    .select(['state', 'retire'])
    .where('id', '=', old as string)
    .executeTakeFirstOrThrow();
  // It goes when its session is over.
  expect(after).toEqual({ state: 'assigned', retire: 'version' });
});

it('of one address only so many get in without a ticket, however many come at once', async () => {
  await addFree(10);
  const limited: AppRow = {
    ...app,
    settings: { ...app.settings, limits: { ...app.settings.limits, perAddress: 3 } },
  };
  const from = (address: string) =>
    runChange(kernel, (change) =>
      openSession(change, limited, { app: 'app', extensions: false, address, userAgent: null }, null),
    );
  const tried = await Promise.allSettled(Array.from({ length: 8 }, () => from('203.0.113.9')));
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  const refused = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason as { code: string }] : []));
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['address_full']));
  await from('203.0.113.10');
  // Somebody with a ticket is not counted by address.
  await place.arrive();
});
