import type {
  AllocationOutcome,
  AllocationState,
  Grant,
  NodeAllocation,
  NodeTimelineEntry,
  NodeView,
  TaskClass,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { z } from 'zod';
import type { Db } from '../../db/schema.ts';

/** A node's row with its lease and what it has given out, as read for views. */
interface ViewRow {
  readonly id: string;
  readonly allocations: NodeAllocation[];
}

/** Projects whose jobs the reader may see by name. */
export type VisibleProjects = 'all' | readonly string[];

export interface NodeFilter {
  readonly state?: string | undefined;
  readonly pool?: string | undefined;
  readonly text?: string | undefined;
  /** Ids after this one. */
  readonly after?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly limit: number;
}

/** Nodes as pages and programs see them, oldest first. Removed ones only when asked for by state or id. */
export async function readNodes(db: Db, filter: NodeFilter, visible: VisibleProjects): Promise<NodeView[]> {
  let query = db
    .selectFrom('node as n')
    .leftJoin('node_lease as l', 'l.node_id', 'n.id')
    .leftJoin('node_usage as u', 'u.node_id', 'n.id')
    .selectAll('n')
    .select(['l.seen_at', 'l.load', 'u.cpu_used', 'u.memory_used', 'u.disk_used', 'u.packets_used'])
    .orderBy('n.id')
    .limit(filter.limit);
  if (filter.ids) query = query.where('n.id', 'in', [...filter.ids]);
  if (filter.state) query = query.where(sql<string>`n.state`, '=', filter.state);
  else if (!filter.ids) query = query.where('n.state', '<>', 'removed');
  if (filter.pool) query = query.where('n.pool', '=', filter.pool);
  if (filter.after) query = query.where('n.id', '>', filter.after);
  if (filter.text) {
    const pattern = `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where(
      sql<boolean>`(n.name ILIKE ${pattern} OR n.inventory ->> 'hostname' ILIKE ${pattern} OR n.labels::text ILIKE ${pattern})`,
    );
  }
  const rows = await query.execute();
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return [];
  const [running, gpus] = await Promise.all([
    readAllocations(db, ids, visible),
    db.selectFrom('gpu_usage').selectAll().where('node_id', 'in', ids).orderBy('index').execute(),
  ]);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    state: row.state,
    schedulable: row.schedulable,
    epoch: row.epoch,
    pool: row.pool,
    labels: row.labels,
    hostname: row.inventory?.hostname ?? null,
    os: row.inventory
      ? [row.inventory.os.distribution ?? row.inventory.os.platform, row.inventory.os.arch].join(' ')
      : null,
    cpuModel: row.inventory?.cpu.model ?? null,
    agentVersion: row.agent_version,
    capacity: row.inventory?.capacity ?? null,
    used:
      row.cpu_used === null
        ? null
        : {
            cpu: row.cpu_used,
            memory: row.memory_used ?? 0,
            disk: row.disk_used ?? 0,
            packets: row.packets_used ?? 0,
            gpus: gpus
              .filter((gpu) => gpu.node_id === row.id)
              .map((gpu) => ({
                index: gpu.index,
                vram: gpu.vram_used,
                encoderSessions: gpu.encoder_sessions_used,
              })),
          },
    capabilities: row.inventory?.capabilities ?? [],
    load: row.load,
    allocations: running.get(row.id) ?? [],
    lastSeenAt: row.seen_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }));
}

/** What runs on these nodes now. Of jobs that the reader may not see, only that something runs. */
export async function readAllocations(
  db: Db,
  nodeIds: readonly string[],
  visible: VisibleProjects,
): Promise<Map<string, NodeAllocation[]>> {
  const rows = await db
    .selectFrom('allocation as a')
    .innerJoin('task as t', 't.id', 'a.task_id')
    .leftJoin('job as j', 'j.id', 'a.job_id')
    .select([
      'a.id',
      'a.node_id',
      'a.task_id',
      'a.job_id',
      'j.name as job_name',
      'a.project_id',
      't.kind',
      'a.class',
      'a.state',
      'a.resources',
      'a.started_at',
      't.progress',
    ])
    .where('a.state', '<>', 'ended')
    .where('a.node_id', 'in', [...nodeIds])
    .orderBy('a.id')
    .execute();
  const byNode = new Map<string, ViewRow['allocations']>();
  for (const row of rows) {
    const list = byNode.get(row.node_id) ?? [];
    byNode.set(row.node_id, list);
    list.push({ ...shown(row, visible), progress: row.progress?.fraction ?? null });
  }
  return byNode;
}

interface AllocationFacts {
  readonly id: string;
  readonly task_id: string;
  readonly job_id: string | null;
  readonly job_name: string | null;
  readonly project_id: string;
  readonly kind: string;
  readonly class: TaskClass;
  readonly state: AllocationState;
  readonly resources: Grant;
  readonly started_at: Date | null;
}

function shown(row: AllocationFacts, visible: VisibleProjects): Omit<NodeAllocation, 'progress'> {
  const known = visible === 'all' || visible.includes(row.project_id);
  return {
    id: row.id,
    taskId: row.task_id,
    jobId: known ? row.job_id : null,
    jobName: known ? row.job_name : null,
    projectId: row.project_id,
    kind: row.kind,
    class: row.class,
    state: row.state,
    resources: row.resources,
    startedAt: row.started_at?.toISOString() ?? null,
  };
}

/** Who had the machine when: open and ended allocations, newest first. */
export async function readTimeline(
  db: Db,
  nodeId: string,
  page: { readonly before?: string | undefined; readonly limit: number },
  visible: VisibleProjects,
): Promise<z.output<typeof NodeTimelineEntry>[]> {
  const { rows } = await sql<
    AllocationFacts & { ended_at: Date | null; outcome: AllocationOutcome | null; fraction: number | null }
  >`
    WITH mine AS (
      SELECT id, task_id, job_id, project_id, class, state, resources, started_at, ended_at, outcome
      FROM allocation WHERE node_id = ${nodeId}
      UNION ALL
      SELECT id, task_id, job_id, project_id, class, state, resources, started_at, ended_at, outcome
      FROM allocation_history WHERE node_id = ${nodeId}
    ), page AS (
      SELECT * FROM mine WHERE ${page.before ?? null}::uuid IS NULL OR id < ${page.before ?? null}::uuid
      ORDER BY id DESC LIMIT ${page.limit}
    )
    SELECT page.*, COALESCE(t.kind, h.kind, '') AS kind, j.name AS job_name,
      (t.progress ->> 'fraction')::float8 AS fraction
    FROM page
    LEFT JOIN task t ON t.id = page.task_id
    LEFT JOIN task_history h ON h.id = page.task_id
    LEFT JOIN job j ON j.id = page.job_id
    ORDER BY page.id DESC
  `.execute(db);
  return rows.map((row) => ({
    ...shown(row, visible),
    progress: row.fraction,
    endedAt: row.ended_at?.toISOString() ?? null,
    outcome: row.outcome,
  }));
}
