import type { Constraints, Resources, TaskClass } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Demand } from '../tasks/shape.ts';
import type { Avoidances, Avoided, ReadyGroup, ReadyTask } from './model.ts';

/** Groups that one look at the queue takes at most. */
const groupLimit = 2_000;
const shapeLimit = 10_000;

interface HeadRow {
  readonly class: TaskClass;
  readonly project_id: string;
  readonly shape: string;
  readonly id: string;
  readonly job_id: string | null;
  readonly priority: number;
  readonly waited_ms: number;
}

/**
 * Reads the heads of the queue: the first tasks of each group of one class, project and shape. The groups are found
 * by leaping through the index from one to the next, so that a queue of a million tasks costs as much as one of a
 * hundred, and tasks that wait for something rare never hide others behind them.
 */
export class QueueReader {
  readonly #db: Db;
  readonly #pool: string;
  /** What each shape asks for; shapes never change their meaning. */
  readonly #demands = new Map<string, Demand>();

  constructor(db: Db, pool: string) {
    this.#db = db;
    this.#pool = pool;
  }

  /** @param perGroup tasks of each group */
  async read(perGroup: number): Promise<ReadyGroup[]> {
    const { rows } = await sql<HeadRow>`
      WITH RECURSIVE leap AS (
        (SELECT class, project_id, shape FROM task
         WHERE pool = ${this.#pool} AND state = 'queued' AND NOT paused
         ORDER BY class, project_id, shape LIMIT 1)
        UNION ALL
        SELECT n.class, n.project_id, n.shape FROM leap, LATERAL (
          SELECT class, project_id, shape FROM task
          WHERE pool = ${this.#pool} AND state = 'queued' AND NOT paused
            AND (class, project_id, shape) > (leap.class, leap.project_id, leap.shape)
          ORDER BY class, project_id, shape LIMIT 1
        ) n
      ), groups AS (SELECT * FROM leap LIMIT ${groupLimit})
      SELECT g.class, g.project_id, g.shape, h.id, h.job_id, h.priority,
             greatest(0, extract(epoch FROM now() - h.ready_at)::float8 * 1000) AS waited_ms
      FROM groups g CROSS JOIN LATERAL (
        SELECT id, job_id, priority, coalesce(ready_at, created_at) AS ready_at FROM task
        WHERE pool = ${this.#pool} AND class = g.class AND project_id = g.project_id AND shape = g.shape
          AND state = 'queued' AND NOT paused
        ORDER BY priority DESC, id LIMIT ${perGroup}
      ) h
    `.execute(this.#db);
    await this.#learn(rows);
    const groups = Map.groupBy(rows, (row) => `${row.class}/${row.project_id}/${row.shape}`);
    return [...groups].flatMap(([key, heads]): ReadyGroup[] => {
      const [first] = heads;
      const demand = first && this.#demands.get(first.shape);
      if (!first || !demand) return [];
      return [
        {
          key,
          class: first.class,
          projectId: first.project_id,
          shape: first.shape,
          demand,
          tasks: heads.map(taskOf),
        },
      ];
    });
  }

  async #learn(rows: readonly HeadRow[]): Promise<void> {
    const unknown = new Map(
      rows.filter((row) => !this.#demands.has(row.shape)).map((row) => [row.shape, row.id]),
    );
    if (unknown.size === 0) return;
    if (this.#demands.size > shapeLimit) this.#demands.clear();
    const { rows: specs } = await sql<{
      shape: string;
      resources: Resources;
      constraints: Constraints;
      host: string | null;
    }>`
      SELECT shape, spec->'resources' AS resources, spec->'constraints' AS constraints, spec->>'host' AS host
      FROM task WHERE id = ANY(${[...unknown.values()]}::uuid[])
    `.execute(this.#db);
    for (const { shape, resources, constraints, host } of specs) {
      this.#demands.set(shape, { resources, constraints, ...(host === null ? {} : { host }) });
    }
  }
}

function taskOf(row: HeadRow): ReadyTask {
  return { id: row.id, jobId: row.job_id, priority: row.priority, waitedMs: row.waited_ms };
}

/** Everything that is being avoided now. */
export async function readAvoidances(db: Db): Promise<Avoidances> {
  const { rows } = await sql<{ owner: string; node_id: string; strict: boolean; refused: boolean }>`
    SELECT coalesce(task_id, job_id) AS owner, node_id, bool_or(strict) AS strict,
           bool_and(signature = 'rejected') AS refused
    FROM avoidance WHERE until > now() GROUP BY 1, 2
  `.execute(db);
  const avoidances = new Map<string, Map<string, Avoided>>();
  for (const { owner, node_id, strict, refused } of rows) {
    const nodes = avoidances.get(owner) ?? new Map<string, Avoided>();
    avoidances.set(owner, nodes);
    nodes.set(node_id, { strict, refused });
  }
  return avoidances;
}
