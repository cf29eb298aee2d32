import type { Db, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { StreamCounts } from '../../contract.ts';

export interface AppCounts extends StreamCounts {
  readonly id: string;
  readonly slug: string;
  readonly projectId: string;
}

/** How many of each app there are now, in one statement. @param appIds all apps when left out */
export async function countStreams(db: Db | Tx, appIds?: readonly string[]): Promise<AppCounts[]> {
  const { rows } = await sql<AppCounts>`
    SELECT a.id, a.slug, a.project_id AS "projectId", CASE WHEN a.enabled THEN a.warm ELSE 0 END AS warm,
           coalesce(s.live, 0) AS live, coalesce(s.queued, 0) AS queued, coalesce(i.free, 0) AS free,
           coalesce(i.starting, 0) AS starting, coalesce(i.instances, 0) AS instances
    FROM streams_app a
    LEFT JOIN LATERAL (
      SELECT count(*) FILTER (WHERE state IN ('ready', 'active', 'idle'))::int AS live,
             count(*) FILTER (WHERE state = 'waiting')::int AS queued
      FROM streams_session WHERE app_id = a.id AND state <> 'ended'
    ) s ON true
    LEFT JOIN LATERAL (
      SELECT count(*) FILTER (WHERE state = 'ready' AND streamer_at IS NOT NULL AND NOT trial)::int AS free,
             count(*) FILTER (WHERE state IN ('requested', 'starting', 'resetting'))::int AS starting,
             count(*)::int AS instances
      FROM streams_instance WHERE app_id = a.id AND state <> 'ended'
    ) i ON true
    WHERE a.deleted_at IS NULL AND ${appIds === undefined ? sql`true` : sql`a.id = ANY(${appIds}::uuid[])`}
    ORDER BY a.slug
  `.execute(db);
  return rows;
}

const kinds = ['live', 'queued', 'free', 'starting', 'warm', 'instances'] as const;

export function sumOf(counts: readonly StreamCounts[]): StreamCounts {
  const sum = { live: 0, queued: 0, free: 0, starting: 0, warm: 0, instances: 0 };
  for (const each of counts) for (const kind of kinds) sum[kind] += each[kind];
  return sum;
}
