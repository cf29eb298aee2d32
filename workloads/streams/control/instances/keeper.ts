import { BacklotError, coreErrors } from '@backlot/contract';
import { sql } from 'kysely';
import { InstanceFacts } from '../../contract.ts';
import { type Change, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { endSession } from '../sessions/end-session.ts';
import { matchWaiting } from '../sessions/match.ts';
import { tellQueue } from '../sessions/tell-waiting.ts';
import { type AppRow, type InstanceRow, tables } from '../tables.ts';
import { chooseVersion, isWanted, type Release, type Startable } from './choose-version.ts';
import { stopInstance } from './end-instance.ts';
import { type PoolInstance, planPool } from './pool-plan.ts';
import { type Retirement, wornOut } from './recycle.ts';
import { startInstance } from './start-instance.ts';

/** Wake-ups within this time are one round. Milliseconds. */
const coalesceMs = 5;
const retryMs = 500;

/**
 * Keeps every app's pool as it should be: instances for those who wait, warm ones beside them, old ones replaced. Woken
 * by what happens; a sweep wakes it for all apps now and then. One round of an app at a time on all replicas, because it
 * holds the app's row.
 */
export class Keeper {
  #ground: Ground | undefined;
  readonly #woken = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  #cancel: (() => void) | undefined;
  #closed = false;

  /** Given afterwards, because it is part of the ground itself. */
  use(ground: Ground): void {
    this.#ground = ground;
  }

  /** Asks for a round for an app. */
  wake(appId: string): void {
    this.#woken.add(appId);
    this.#schedule(coalesceMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await Promise.allSettled(this.#running.values());
  }

  #schedule(ms: number): void {
    const clock = this.#ground?.kernel.clock;
    if (this.#closed || this.#cancel || !clock) return;
    this.#cancel = clock.after(ms, () => {
      this.#cancel = undefined;
      for (const appId of [...this.#woken]) {
        // Woken again while its round runs: the next one follows.
        if (this.#running.has(appId)) continue;
        this.#woken.delete(appId);
        const run = this.#round(appId).finally(() => {
          this.#running.delete(appId);
          if (this.#woken.has(appId)) this.#schedule(coalesceMs);
        });
        this.#running.set(appId, run);
      }
    });
  }

  async #round(appId: string): Promise<void> {
    const ground = this.#ground;
    if (!ground) return;
    try {
      await matchWaiting(ground, appId);
      const refused = await runChange(ground.kernel, (change) => keepPool(ground, change, appId));
      for (const { id, reason } of refused) await endSession(ground, id, { reason, by: null });
      await tellQueue(ground, appId, false);
    } catch (error) {
      ground.kernel.log.warn({ err: error, app: appId }, 'a round of an app’s pool failed');
      if (this.#closed) return;
      this.#woken.add(appId);
      this.#schedule(retryMs);
    }
  }
}

interface OpenInstance extends InstanceRow {
  readonly age: number;
  readonly asked: number;
  readonly facts: unknown;
  readonly draining: boolean;
}

/** Sessions that wait in vain: nothing can be started for them. */
type Refused = { readonly id: string; readonly reason: 'unavailable' | 'disabled' }[];

async function keepPool(ground: Ground, change: Change, appId: string): Promise<Refused> {
  const app = await change.db
    .selectFrom('streams_app')
    .selectAll()
    .where('id', '=', appId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!app) return [];
  const instances = await readOpen(change, appId);
  const waiting = await change.db
    .selectFrom('streams_session')
    .select(['id', 'trial_version'])
    .where('app_id', '=', appId)
    .where('state', '=', 'waiting')
    .orderBy('requested_at')
    .execute();
  const enabled = app.enabled && app.deleted_at === null;
  if (!enabled && waiting.length > 0) {
    return waiting.map(({ id }) => ({ id, reason: 'disabled' }));
  }
  const versions = await readVersions(change, appId);
  const retiring = await retire(change, app, instances, versions);
  const plan = planPool(
    {
      enabled,
      warm: app.warm,
      maxInstances: app.max_instances,
      waiting: waiting.filter(({ trial_version }) => trial_version === null).length,
    },
    instances.map((row) => poolInstance(row, retiring)),
  );
  const untouched = await lockUntouched(change, instances, plan.stop);
  for (const { id, why } of plan.stop) {
    if (!untouched.has(id)) continue;
    const row = instances.find((instance) => instance.id === id);
    const params = retiring.get(id)?.params ?? row?.retire_params ?? {};
    await stopInstance(ground, change, id, app.deleted_at === null ? why : 'removed', params);
  }
  const startable: Startable = (version) => versions.get(version)?.startable ?? false;
  let started = 0;
  for (; started < plan.start; started += 1) {
    const version = chooseVersion(releaseOf(app), startable, ground.random());
    if (version === null) break;
    if (!(await startWithinQuota(ground, change, app, version))) break;
  }
  const untried = await startTrials(ground, change, app, waiting, instances, versions);
  // Somebody waits, nothing runs that could become free, and nothing may be started any more: say so at once.
  const hopeless =
    started < plan.start &&
    instances.every(({ state, trial }) => trial || state === 'stopping') &&
    [app.active_version, app.canary_version].every(
      (version) => version === null || versions.get(version)?.blocked !== false,
    );
  const inVain = hopeless ? waiting.filter((row) => row.trial_version === null).map(({ id }) => id) : [];
  return [...untried, ...inVain].map((id) => ({ id, reason: 'unavailable' }));
}

/** False when the project has as many jobs as it may: whoever waits goes on waiting, and the round goes on. */
async function startWithinQuota(
  ground: Ground,
  change: Change,
  app: AppRow,
  version: number,
  trialFor?: string,
): Promise<boolean> {
  try {
    await startInstance(ground, change, app, version, trialFor);
    return true;
  } catch (error) {
    if (!(error instanceof BacklotError) || error.code !== coreErrors.quota_jobs.code) throw error;
    ground.kernel.log.warn({ app: app.slug }, error.message);
    return false;
  }
}

/** What an app starts. */
export function releaseOf(app: Pick<AppRow, 'active_version' | 'canary_version' | 'canary_share'>): Release {
  return {
    active: app.active_version,
    canary:
      app.canary_version === null || app.canary_share === null
        ? null
        : { version: app.canary_version, share: app.canary_share },
  };
}

/** Read without locks: whoever arrives while a round runs finds every free instance to be free. */
async function readOpen(change: Change, appId: string): Promise<OpenInstance[]> {
  const { rows } = await sql<OpenInstance>`
    SELECT i.*, extract(epoch FROM now() - coalesce(i.started_at, i.requested_at))::float8 AS age,
           extract(epoch FROM now() - i.requested_at)::float8 AS asked,
           t.progress->'detail' AS facts, coalesce(n.schedulable = 'draining', false) AS draining
    FROM streams_instance i
    LEFT JOIN task t ON t.job_id = i.job_id
    LEFT JOIN node n ON n.id = i.node_id
    WHERE i.app_id = ${appId} AND i.state <> 'ended' ORDER BY i.id
  `.execute(change.tx);
  return rows;
}

/** Locks those that are to be stopped and are as they were read. One that was taken meanwhile has a viewer by now. */
async function lockUntouched(
  change: Change,
  instances: readonly OpenInstance[],
  stop: readonly { readonly id: string }[],
): Promise<ReadonlySet<string>> {
  if (stop.length === 0) return new Set();
  const seen = instances.filter(({ id }) => stop.some((one) => one.id === id));
  const { rows } = await sql<{ id: string }>`
    SELECT i.id FROM streams_instance i
    JOIN unnest(${seen.map(({ id }) => id)}::uuid[], ${seen.map(({ state }) => state)}::text[]) AS seen (id, state)
      ON seen.id = i.id
    WHERE i.state = seen.state ORDER BY i.id FOR NO KEY UPDATE OF i SKIP LOCKED
  `.execute(change.tx);
  return new Set(rows.map(({ id }) => id));
}

async function readVersions(change: Change, appId: string) {
  const rows = await change.db
    .selectFrom('streams_app_version')
    .select(['version', 'recipe', 'blocked_at'])
    .select(sql<boolean>`blocked_at IS NULL AND coalesce(next_start_at <= now(), true)`.as('startable'))
    .where('app_id', '=', appId)
    .execute();
  return new Map(rows.map((row) => [row.version, { ...row, blocked: row.blocked_at !== null }]));
}

type Versions = Awaited<ReturnType<typeof readVersions>>;

/** Marks instances that should be replaced: emptied nodes, versions that are out, worn ones that stand free. */
async function retire(
  change: Change,
  app: AppRow,
  instances: readonly OpenInstance[],
  versions: Versions,
): Promise<Map<string, Retirement>> {
  const found = new Map<string, Retirement>();
  const release = releaseOf(app);
  for (const row of instances) {
    if (row.state === 'stopping' || row.retire === 'drained' || row.retire === 'stopped') continue;
    const outdated: Retirement | null =
      row.trial || isWanted(release, row.version)
        ? null
        : { why: 'version', params: { version: row.version } };
    const rules = versions.get(row.version)?.recipe.recycle;
    const worn =
      rules && row.state === 'ready'
        ? wornOut(
            {
              ageSeconds: row.age,
              sessions: row.sessions,
              facts: InstanceFacts.safeParse(row.facts).data ?? null,
            },
            rules,
          )
        : null;
    const why = row.draining ? { why: 'drained' as const, params: {} } : (outdated ?? worn);
    if (!why || row.retire === why.why) continue;
    found.set(row.id, why);
    await change.db
      .updateTable('streams_instance')
      .set({ retire: why.why, retire_params: JSON.stringify(why.params) })
      .where('id', '=', row.id)
      .execute();
  }
  return found;
}

function poolInstance(row: OpenInstance, retiring: ReadonlyMap<string, Retirement>): PoolInstance {
  return {
    id: row.id,
    state: row.state,
    trial: row.trial,
    connected: row.streamer_at !== null,
    retire: retiring.get(row.id)?.why ?? row.retire,
    ageSeconds: row.asked,
  };
}

/** Every session that tries a version gets an instance of its own. Answers those whose version has been removed. */
async function startTrials(
  ground: Ground,
  change: Change,
  app: AppRow,
  waiting: readonly { readonly id: string; readonly trial_version: number | null }[],
  instances: readonly OpenInstance[],
  versions: Versions,
): Promise<string[]> {
  const untried: string[] = [];
  for (const { id, trial_version: version } of waiting) {
    if (version === null) continue;
    const has = instances.some((row) => row.trial && row.last_session_id === id && row.state !== 'stopping');
    if (has) continue;
    if (!versions.has(version)) untried.push(id);
    else if (!(await startWithinQuota(ground, change, app, version, id))) break;
  }
  return untried;
}

/** Apps that may need something: for the sweep. */
export async function appsToKeep(ground: Ground): Promise<string[]> {
  const rows = await tables(ground.kernel.db)
    .selectFrom('streams_app as a')
    .select('a.id')
    .where((eb) =>
      eb.or([
        eb.and([eb('a.warm', '>', 0), eb('a.enabled', '=', true), eb('a.deleted_at', 'is', null)]),
        eb.exists(
          eb
            .selectFrom('streams_session as s')
            .select('s.id')
            .whereRef('s.app_id', '=', 'a.id')
            .where('s.state', '=', 'waiting'),
        ),
        eb.exists(
          eb
            .selectFrom('streams_instance as i')
            .select('i.id')
            .whereRef('i.app_id', '=', 'a.id')
            .where('i.state', '<>', 'ended'),
        ),
      ]),
    )
    .execute();
  return rows.map(({ id }) => id);
}
