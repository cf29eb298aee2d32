import { type Inventory, PoolPolicy } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, NodeRow } from '../db/schema.ts';
import type { NodeLinks } from '../kernel.ts';
import { readSlots } from './load-slots.ts';
import type { Amounts, GpuPlace, NodePlace } from './model.ts';

/** A node as it stands still: everything but what is used. */
type Still = Omit<
  NodePlace,
  'used' | 'diskFull' | 'gpus' | 'slots' | 'total' | 'connected' | 'warmJobs' | 'warmHosts'
>;

/** What a pool allows. */
export interface PoolRules {
  readonly policy: PoolPolicy;
  readonly selector: Readonly<Record<string, string>>;
}

/**
 * The nodes of a pool in memory, repaired by re-reading. Their rows hardly ever change and are large (inventories),
 * so only those with a new `xmin` are read again; what is used changes all the time and is read whole.
 */
export class FleetIndex {
  readonly #db: Db;
  readonly #pool: string;
  readonly #links: () => NodeLinks;
  readonly #still = new Map<string, { readonly version: string; readonly node: Still }>();
  readonly #warmth: Warmth;
  #nodes: NodePlace[] = [];

  constructor(db: Db, pool: string, links: () => NodeLinks, warmth: Warmth) {
    this.#db = db;
    this.#pool = pool;
    this.#links = links;
    this.#warmth = warmth;
  }

  get nodes(): readonly NodePlace[] {
    return this.#nodes;
  }

  /** Reads which nodes there are and what has changed about them. */
  async readNodes(selector: Readonly<Record<string, string>>): Promise<void> {
    const ofPool =
      Object.keys(selector).length === 0
        ? sql`n.pool = ${this.#pool}`
        : sql`(n.pool = ${this.#pool} OR n.labels @> ${JSON.stringify(selector)}::jsonb)`;
    // Quarantine ends by time alone, so it is part of the version.
    const { rows } = await sql<{ id: string; version: string }>`
      SELECT n.id, n.xmin::text || coalesce(n.quarantine_until > now(), false)::text AS version
      FROM node n WHERE ${ofPool} AND n.state <> 'removed' ORDER BY n.name, n.id
    `.execute(this.#db);
    const changed = rows.filter((row) => this.#still.get(row.id)?.version !== row.version);
    const versions = new Map(rows.map((row) => [row.id, row.version]));
    for (const id of this.#still.keys()) if (!versions.has(id)) this.#still.delete(id);
    if (changed.length > 0) {
      const fresh = await sql<NodeRow & { quarantined: boolean }>`
        SELECT n.*, coalesce(n.quarantine_until > now(), false) AS quarantined
        FROM node n WHERE id = ANY(${changed.map((row) => row.id)}::uuid[])
      `.execute(this.#db);
      for (const row of fresh.rows) {
        this.#still.set(row.id, { version: versions.get(row.id) ?? '', node: stillOf(row) });
      }
    }
    await this.readUsage(rows.map((row) => row.id));
  }

  /** Reads what is used on the known nodes. */
  async readUsage(order: readonly string[] = this.#nodes.map((node) => node.id)): Promise<void> {
    const reading = sql<UsageRow>`
      SELECT node_id, cpu_total, cpu_used, memory_total, memory_used, disk_total, disk_used, packets_total, packets_used,
             coalesce(lease.load #>> '{disk,state}' = 'full', false) AS disk_full
      FROM node_usage LEFT JOIN node_lease lease USING (node_id) WHERE node_id = ANY(${order}::uuid[])
    `.execute(this.#db);
    const readingGpus = sql<GpuRow>`
      SELECT node_id, index, vram_total, vram_used, encoder_sessions_total, encoder_sessions_used
      FROM gpu_usage WHERE node_id = ANY(${order}::uuid[]) ORDER BY node_id, index
    `.execute(this.#db);
    const [{ rows }, gpus, slots] = await Promise.all([reading, readingGpus, readSlots(this.#db, order)]);
    const usage = new Map(rows.map((row) => [row.node_id, row]));
    const gpusOf = Map.groupBy(gpus.rows, (row) => row.node_id);
    this.#nodes = order.flatMap((id) => {
      const still = this.#still.get(id)?.node;
      const used = usage.get(id);
      if (!still) return [];
      return [
        {
          ...still,
          connected: this.#links().connected(id),
          total: amountsOf(used, 'total'),
          used: amountsOf(used, 'used'),
          diskFull: used?.disk_full ?? false,
          gpus: (gpusOf.get(id) ?? []).map(gpuOf),
          slots: slots.get(id) ?? new Map(),
          warmJobs: this.#warmth.jobsOn(id),
          warmHosts: this.#warmth.hostsOn(id),
        },
      ];
    });
  }

  /** Takes over what a search or a commit has left on the nodes. */
  replace(nodes: readonly NodePlace[]): void {
    this.#nodes = [...nodes];
  }
}

interface UsageRow {
  readonly node_id: string;
  readonly cpu_total: number;
  readonly cpu_used: number;
  readonly memory_total: number;
  readonly memory_used: number;
  readonly disk_total: number;
  readonly disk_used: number;
  readonly packets_total: number;
  readonly packets_used: number;
  readonly disk_full: boolean;
}
interface GpuRow {
  readonly node_id: string;
  readonly index: number;
  readonly vram_total: number;
  readonly vram_used: number;
  readonly encoder_sessions_total: number;
  readonly encoder_sessions_used: number;
}

function stillOf(row: NodeRow & { readonly quarantined: boolean }): Still {
  const inventory: Inventory | null = row.inventory;
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    schedulable: row.schedulable,
    epoch: row.epoch,
    quarantined: row.quarantined,
    labels: { ...inventory?.labels, ...row.labels },
    capabilities: inventory?.capabilities ?? [],
  };
}

/** A node that has not told what it has gives nothing. */
function amountsOf(row: UsageRow | undefined, part: 'total' | 'used'): Amounts {
  if (!row) return { cpu: 0, memory: 0, disk: 0, packets: 0 };
  return {
    cpu: row[`cpu_${part}`],
    memory: row[`memory_${part}`],
    disk: row[`disk_${part}`],
    packets: row[`packets_${part}`],
  };
}

function gpuOf(row: GpuRow): GpuPlace {
  return {
    index: row.index,
    vram: row.vram_total,
    encoderSessions: row.encoder_sessions_total,
    vramUsed: row.vram_used,
    encoderSessionsUsed: row.encoder_sessions_used,
  };
}

/** Reads a pool's rules; one that was never written down has the usual ones. */
export async function readRules(db: Db, pool: string): Promise<PoolRules> {
  const row = await db
    .selectFrom('pool')
    .select(['selector', 'policy'])
    .where('name', '=', pool)
    .executeTakeFirst();
  return {
    policy: PoolPolicy.safeParse(row?.policy ?? {}).data ?? PoolPolicy.parse({}),
    selector: row?.selector ?? {},
  };
}

const warmJobsPerNode = 32;
const empty: ReadonlySet<string> = new Set();

/**
 * Which nodes have lately worked for which jobs and run which hosts. A hint only: it is lost with the process and
 * grows again with the next placements.
 */
export class Warmth {
  readonly #jobs = new Map<string, Set<string>>();
  readonly #hosts = new Map<string, Set<string>>();

  jobsOn(nodeId: string): ReadonlySet<string> {
    return this.#jobs.get(nodeId) ?? empty;
  }

  hostsOn(nodeId: string): ReadonlySet<string> {
    return this.#hosts.get(nodeId) ?? empty;
  }

  placed(nodeId: string, jobId: string | null, host: string | undefined): void {
    if (jobId !== null) remember(this.#jobs, nodeId, jobId);
    if (host !== undefined) remember(this.#hosts, nodeId, host);
  }
}

/** The latest at the end; the oldest goes when there are too many. */
function remember(map: Map<string, Set<string>>, nodeId: string, value: string): void {
  const set = map.get(nodeId) ?? new Set<string>();
  map.set(nodeId, set);
  set.delete(value);
  set.add(value);
  const oldest = set.values().next().value;
  if (set.size > warmJobsPerNode && oldest !== undefined) set.delete(oldest);
}
