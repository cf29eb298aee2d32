import { type Reason, reason } from '@backlot/contract';
import type { Db, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { type App, type AppVersion, streamPhrases } from '../../contract.ts';
import { countStreams } from '../stats/counts.ts';
import { type AppRow, type AppVersionRow, tables } from '../tables.ts';

/** Apps as people see them: two questions for any number. */
export async function viewApps(db: Db | Tx, rows: readonly AppRow[]): Promise<App[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const counts = new Map((await countStreams(db, ids)).map((entry) => [entry.id, entry]));
  const { rows: troubled } = await sql<Trouble & { app_id: string }>`
    SELECT v.app_id, v.version, v.failures, v.last_failure, v.blocked_at IS NOT NULL AS blocked,
           greatest(0, extract(epoch FROM v.next_start_at - now()))::float8 AS seconds
    FROM streams_app_version v JOIN streams_app a ON a.id = v.app_id
    WHERE v.app_id = ANY(${ids}::uuid[]) AND v.failures > 0 AND v.version IN (a.active_version, a.canary_version)
    ORDER BY v.version = a.active_version
  `.execute(db);
  const trouble = new Map(troubled.map((row) => [row.app_id, troubleOf(row)]));
  return rows.map((row) => viewApp(row, counts.get(row.id), trouble.get(row.id) ?? null));
}

interface Trouble {
  readonly version: number;
  readonly failures: number;
  readonly last_failure: Reason | null;
  readonly blocked: boolean;
  readonly seconds: number | null;
}

/** Why nothing is started, in words; null while the next start may follow at once. */
function troubleOf({ version, failures, last_failure: last, blocked, seconds }: Trouble): Reason | null {
  if (blocked)
    return reason(streamPhrases, 'streams.crash_loop', { version, failures, last: last?.message ?? '–' });
  if (!seconds) return null;
  const causes = last ? { causes: [{ code: last.code, params: last.params, message: last.message }] } : {};
  return {
    ...reason(streamPhrases, 'streams.back_off', { version, failures, seconds: Math.ceil(seconds) }),
    ...causes,
  };
}

function viewApp(row: AppRow, counts: App['counts'] | undefined, trouble: Reason | null): App {
  const { live, queued, free, starting, warm, instances } = counts ?? {
    live: 0,
    queued: 0,
    free: 0,
    starting: 0,
    warm: row.warm,
    instances: 0,
  };
  return {
    ...row.settings,
    id: row.id,
    projectId: row.project_id,
    slug: row.slug,
    activeVersion: row.active_version,
    canary:
      row.canary_version === null || row.canary_share === null
        ? null
        : { version: row.canary_version, share: row.canary_share },
    counts: { live, queued, free, starting, warm, instances },
    trouble,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** Versions of an app, newest first. @param secrets values of the environment may be shown */
export async function viewVersions(
  db: Db | Tx,
  app: AppRow,
  options: {
    readonly before?: number | undefined;
    readonly limit: number;
    readonly secrets: boolean;
    readonly only?: number;
  },
): Promise<AppVersion[]> {
  const rows = await tables(db)
    .selectFrom('streams_app_version as v')
    .selectAll('v')
    .select((eb) =>
      eb
        .selectFrom('streams_instance as i')
        .select((query) => query.fn.countAll<number>().as('n'))
        .whereRef('i.app_id', '=', 'v.app_id')
        .whereRef('i.version', '=', 'v.version')
        .where('i.state', '<>', 'ended')
        .as('instances'),
    )
    .where('app_id', '=', app.id)
    .$if(options.before !== undefined, (query) => query.where('version', '<', options.before as number))
    .$if(options.only !== undefined, (query) => query.where('version', '=', options.only as number))
    .orderBy('version', 'desc')
    .limit(options.limit)
    .execute();
  return rows.map((row) => viewVersion(app, row, Number(row.instances ?? 0), options.secrets));
}

function viewVersion(app: AppRow, row: AppVersionRow, instances: number, secrets: boolean): AppVersion {
  return {
    appId: row.app_id,
    version: row.version,
    note: row.note,
    recipe: secrets ? row.recipe : withoutValues(row.recipe),
    used: row.used_at !== null,
    active: row.version === app.active_version,
    canary: row.version === app.canary_version,
    instances,
    health: {
      failures: row.failures,
      blocked: row.blocked_at !== null,
      nextStartAt: row.next_start_at?.toISOString() ?? null,
      lastFailure: row.last_failure,
    },
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  };
}

/** The environment often holds keys: whoever may not change an app sees names only. */
function withoutValues(recipe: AppVersion['recipe']): AppVersion['recipe'] {
  const hide = <T extends { readonly env: Record<string, string> }>(launch: T): T => ({
    ...launch,
    env: Object.fromEntries(Object.keys(launch.env).map((key) => [key, '…'])),
  });
  return {
    ...recipe,
    launch: hide(recipe.launch),
    platforms: Object.fromEntries(
      Object.entries(recipe.platforms).map(([platform, launch]) => [platform, launch ? hide(launch) : null]),
    ),
  };
}
