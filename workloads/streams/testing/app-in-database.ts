import { type Clock, newId, systemClock } from '@backlot/contract';
import { createEventLog } from '@backlot/control/events/event-log';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import type { Kernel } from '@backlot/control/workload';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import pino from 'pino';
import { AppRecipe, AppSettings, type PlayerClaims, SessionLimits } from '../contract.ts';
import { runChange } from '../control/change.ts';
import type { Ground } from '../control/ground.ts';
import { StreamerSockets } from '../control/instances/streamer-sockets.ts';
import { migrations } from '../control/migrations.ts';
import type { PlayerArrival } from '../control/ports.ts';
import { Hub } from '../control/sessions/hub.ts';
import { joinSession, type Opened, openSession } from '../control/sessions/open-session.ts';
import { StatsBuffer } from '../control/stats/stats-buffer.ts';
import { type AppRow, tables } from '../control/tables.ts';
import type { Word } from '../control/words.ts';

/** An app and its rows on a real database, with nobody connected: for what is decided by rows and locks alone. */
export interface AppInDatabase {
  readonly database: TestDatabase;
  readonly kernel: Kernel;
  readonly app: AppRow;
  /** As much of the whole as rooms of this half need here; words are kept instead of said. */
  readonly ground: Ground;
  readonly said: Word[];
  addVersion(version: number): Promise<void>;
  /** Instances that are ready and free. */
  addFree(count: number, rest?: { readonly retire?: 'drained' | 'memory' }): Promise<string[]>;
  arrive(rest?: Partial<PlayerArrival>, app?: AppRow): Promise<Opened>;
  join(
    sessionId: string,
    rest?: Partial<PlayerArrival>,
    claims?: PlayerClaims,
  ): ReturnType<typeof joinSession>;
  close(): Promise<void>;
}

const log = pino({ level: 'silent' });
const arrival: PlayerArrival = { app: 'rush', extensions: true, address: null, userAgent: null };

export async function createAppInDatabase(
  limits: Partial<SessionLimits> = {},
  clock: Clock = systemClock,
): Promise<AppInDatabase> {
  const database = await createTestDatabase({ migrations: [{ name: 'streams', migrations }] });
  const { store } = database;
  const fabric = createLocalFabric({ log, clock });
  const kernel = {
    db: store.db,
    fabric,
    clock,
    log,
    events: createEventLog(fabric),
    transaction: (work) => store.transaction(work),
    publicUrl: () => 'http://backlot.example',
  } as Kernel;
  const projectId = newId();
  await store.db.insertInto('project').values({ id: projectId, slug: 'p', name: 'P' }).execute();
  const settings = AppSettings.parse({
    name: 'Rush',
    limits: SessionLimits.parse({ queueLength: 30, ...limits }),
  });
  const app = await tables(store.db)
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
  const said: Word[] = [];
  const ground = {
    kernel,
    hub: new Hub(log),
    streamers: new StreamerSockets(),
    stats: new StatsBuffer(() => clock.monotonic()),
    words: { say: (word: Word) => void said.push(word) },
    keeper: { wake: () => undefined },
    random: () => 0,
  } as unknown as Ground;
  const addVersion = async (version: number) => {
    const recipe = AppRecipe.parse({ launch: { argv: ['app'] } });
    await tables(store.db)
      .insertInto('streams_app_version')
      .values({ app_id: app.id, version, recipe: JSON.stringify(recipe), note: '', created_by: 'x' })
      .execute();
  };
  await addVersion(1);
  return {
    database,
    kernel,
    app,
    ground,
    said,
    addVersion,
    async addFree(count, rest = {}) {
      const ids = Array.from({ length: count }, () => newId());
      await tables(store.db)
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
    },
    arrive: (rest = {}, as = app) =>
      runChange(kernel, (change) => openSession(change, as, { ...arrival, ...rest }, null)),
    join: (sessionId, rest = {}, claims) =>
      runChange(kernel, (change) =>
        joinSession(change, app, sessionId, { ...arrival, ...rest }, claims ?? null),
      ),
    async close() {
      await fabric.close();
      await database.close();
    },
  };
}
