import { newId, systemClock } from '@backlot/contract';
import { createEventLog } from '@backlot/control/events/event-log';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import type { Kernel } from '@backlot/control/workload';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppRecipe, AppSettings, SessionLimits } from '../contract.ts';
import { runChange } from '../control/change.ts';
import type { Ground } from '../control/ground.ts';
import { migrations } from '../control/migrations.ts';
import { matchWaiting } from '../control/sessions/match.ts';
import { openSession } from '../control/sessions/open-session.ts';
import { type AppRow, tables } from '../control/tables.ts';

/** Many arrive at once, on a real database: who gets what is decided by its locks alone. */
const log = pino({ level: 'silent' });
let database: TestDatabase;
let kernel: Kernel;
let app: AppRow;
const arrival = { app: 'rush', extensions: true, address: null, userAgent: null };

beforeEach(async () => {
  database = await createTestDatabase({ migrations: [{ name: 'streams', migrations }] });
  const { store } = database;
  const fabric = createLocalFabric({ log, clock: systemClock });
  kernel = {
    db: store.db,
    fabric,
    events: createEventLog(fabric),
    transaction: (work) => store.transaction(work),
  } as Kernel;
  const projectId = newId();
  await store.db.insertInto('project').values({ id: projectId, slug: 'p', name: 'P' }).execute();
  const settings = AppSettings.parse({ name: 'Rush', limits: SessionLimits.parse({ queueLength: 30 }) });
  app = await tables(store.db)
    .insertInto('streams_app')
    .values({
      id: newId(),
      project_id: projectId,
      slug: 'rush',
      settings: JSON.stringify(settings),
      enabled: true,
      warm: 0,
      max_instances: 100,
      last_version: 1,
      active_version: 1,
      canary_version: null,
      canary_share: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const recipe = AppRecipe.parse({ launch: { argv: ['app'] } });
  await tables(store.db)
    .insertInto('streams_app_version')
    .values({ app_id: app.id, version: 1, recipe: JSON.stringify(recipe), note: '', created_by: 'x' })
    .execute();
});
afterEach(() => database.close());

async function addFree(count: number, rest: { retire?: 'drained' | 'memory' } = {}): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await tables(kernel.db)
    .insertInto('streams_instance')
    .values(
      ids.map((id, position) => ({
        id,
        app_id: app.id,
        project_id: app.project_id,
        version: 1,
        state: 'ready' as const,
        job_id: newId(),
        node_id: null,
        allocation_id: null,
        gpu: null,
        session_id: null,
        last_session_id: null,
        streamer_at: new Date(),
        ready_at: new Date(Date.now() - 60_000 + position),
        retire: rest.retire ?? null,
        end_reason: null,
      })),
    )
    .execute();
  return ids;
}
const arrive = () => runChange(kernel, (change) => openSession(change, app, arrival, null));
/** What `matchWaiting` needs of the whole; nobody is connected here. */
const ground = () =>
  ({ kernel, words: { say: () => undefined }, keeper: { wake: () => undefined } }) as unknown as Ground;

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
  await Promise.all([1, 2, 3].map(() => matchWaiting(ground(), app.id)));
  await matchWaiting(ground(), app.id);
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
