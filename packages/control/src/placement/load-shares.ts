import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { decay, historyMs, type PoolTotals } from './fair-share.ts';
import type { ProjectShare } from './model.ts';

/** What a project holds in this pool; its batch cores in all pools, because the quota knows no pools. */
interface Held {
  readonly project_id: string;
  readonly cpu: number;
  readonly memory: number;
  readonly vram: number;
  readonly gpus: number;
  readonly batch_cpu: number;
}

/** How often what projects hold is read anew; decisions in between are added by the search itself. */
const rereadMs = 1_000;
/** Reading takes at most this part of the time, however many allocations are open. */
const rereadPart = 0.03;

/**
 * What each project holds of a pool, now and on average over the past. The average is kept in memory and starts
 * from what the database remembers of the last hour, so that a restart forgives nobody much.
 */
export class ShareIndex {
  readonly #db: Db;
  readonly #pool: string;
  readonly #monotonic: () => number;
  readonly #history = new Map<string, number>();
  readonly #shares = new Map<string, ProjectShare>();
  #readAt = Number.NEGATIVE_INFINITY;
  #started = false;
  #pauseMs = rereadMs;

  constructor(db: Db, pool: string, monotonic: () => number) {
    this.#db = db;
    this.#pool = pool;
    this.#monotonic = monotonic;
  }

  /** The shares of these projects, read anew when they are old or a project is new. */
  async read(
    projectIds: ReadonlySet<string>,
    totals: PoolTotals,
  ): Promise<ReadonlyMap<string, ProjectShare>> {
    const now = this.#monotonic();
    const unknown = [...projectIds].some((id) => !this.#shares.has(id));
    if (!unknown && now - this.#readAt < this.#pauseMs) return this.#shares;
    if (!this.#started) await this.#startHistory(totals);
    this.#started = true;
    const elapsed = Number.isFinite(this.#readAt) ? now - this.#readAt : 0;
    this.#readAt = now;

    const held = await this.#readHeld();
    this.#pauseMs = Math.max(rereadMs, (this.#monotonic() - now) / rereadPart);
    const running = new Map(held.map((row) => [row.project_id, dominant(row, totals)]));
    for (const id of new Set([...this.#history.keys(), ...running.keys()])) {
      const history = decay(this.#history.get(id) ?? 0, running.get(id) ?? 0, elapsed);
      if (history < 1e-4 && !running.has(id)) this.#history.delete(id);
      else this.#history.set(id, history);
    }
    const { rows: projects } = await sql<{
      id: string;
      name: string;
      weight: number;
      cpu: number | null;
    }>`
      SELECT id, name, weight, (quota->>'cpu')::float8 AS cpu FROM project
      WHERE id = ANY(${[...projectIds]}::uuid[])
    `.execute(this.#db);
    this.#shares.clear();
    for (const project of projects) {
      this.#shares.set(project.id, {
        id: project.id,
        name: project.name,
        weight: project.weight,
        running: running.get(project.id) ?? 0,
        history: this.#history.get(project.id) ?? 0,
        batchCpu: held.find((row) => row.project_id === project.id)?.batch_cpu ?? 0,
        batchCpuLimit: project.cpu,
      });
    }
    return this.#shares;
  }

  /** Books a placement until the next reading. */
  placed(projectId: string, share: number, batchCpu: number): void {
    const entry = this.#shares.get(projectId);
    if (!entry) return;
    entry.running += share;
    entry.batchCpu += batchCpu;
  }

  async #readHeld(): Promise<Held[]> {
    const { rows } = await sql<Held>`
      SELECT project_id,
             coalesce(sum(cpu) FILTER (WHERE here), 0) AS cpu,
             coalesce(sum(memory) FILTER (WHERE here), 0) AS memory,
             coalesce(sum(vram) FILTER (WHERE here), 0) AS vram,
             coalesce(sum(gpus) FILTER (WHERE here), 0) AS gpus,
             coalesce(sum(cpu) FILTER (WHERE class = 'batch'), 0) AS batch_cpu
      FROM (
        SELECT a.project_id, a.class, n.pool = ${this.#pool} AS here,
               CASE WHEN a.cpu_held THEN (a.resources->>'cpu')::float8 ELSE 0 END AS cpu,
               (a.resources->>'memory')::float8 AS memory,
               jsonb_array_length(a.resources->'gpus')::float8 AS gpus,
               CASE WHEN jsonb_array_length(a.resources->'gpus') = 0 THEN 0 ELSE
                 (SELECT sum((g->>'vram')::float8) FROM jsonb_array_elements(a.resources->'gpus') g) END AS vram
        FROM allocation a JOIN node n ON n.id = a.node_id WHERE a.state <> 'ended'
      ) held GROUP BY project_id
    `.execute(this.#db);
    return rows;
  }

  async #startHistory(totals: PoolTotals): Promise<void> {
    if (totals.cpu <= 0) return;
    const { rows } = await sql<{ project_id: string; share: number }>`
      SELECT a.project_id,
             sum((a.resources->>'cpu')::float8 * extract(epoch FROM a.ended_at - a.offered_at)::float8
                 * exp(-extract(epoch FROM now() - a.ended_at)::float8 * 1000 / ${historyMs}::float8))
               * 1000 / (${historyMs}::float8 * ${totals.cpu}::float8) AS share
      FROM (SELECT project_id, node_id, resources, offered_at, ended_at FROM allocation
            WHERE state = 'ended' AND ended_at > now() - interval '1 hour'
            UNION ALL
            SELECT project_id, node_id, resources, offered_at, ended_at FROM allocation_history
            WHERE ended_at > now() - interval '1 hour') a
      JOIN node n ON n.id = a.node_id WHERE n.pool = ${this.#pool} GROUP BY a.project_id
    `.execute(this.#db);
    for (const row of rows) this.#history.set(row.project_id, Math.min(1, row.share));
  }
}

function dominant(held: Held, totals: PoolTotals): number {
  const part = (used: number, total: number) => (total > 0 ? used / total : 0);
  return Math.max(
    part(held.cpu, totals.cpu),
    part(held.memory, totals.memory),
    part(held.vram, totals.vram),
    held.vram === 0 ? part(held.gpus, totals.gpus) : 0,
  );
}
