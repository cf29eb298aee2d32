import { type Reason, reason, waitPhrases } from '@backlot/contract';
import { diskPause } from '@backlot/contract/phrases/agent';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { lockAllocations } from '../allocations/rows.ts';
import type { StopReason } from '../allocations/verdict.ts';
import type { Db } from '../db/schema.ts';
import type { NodeLinks } from '../kernel.ts';
import { type Change, type ChangeDeps, runChange } from '../tasks/change.ts';
import type { FrozenWork, NodePlace, World } from './model.ts';
import { findPreemption, type Victim } from './preempt.ts';
import type { Stuck } from './search.ts';

export interface RoomDeps extends ChangeDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly nodes: () => NodeLinks;
  readonly monotonic: () => number;
  /** Asks allocations to stop, with their jobs locked; `allocations` does. */
  readonly stopAllocations: (
    change: Change,
    ids: readonly string[],
    request: { readonly why: StopReason; readonly who: string },
  ) => Promise<void>;
}

/** A node that has not frozen work after this long is asked to stop it instead. */
const freezePatienceMs = 3_000;
/** Preemptions decided in one round; the next one sees what they brought. */
const atOnce = 20;

/**
 * Makes room for more urgent work, drains nodes, and lets frozen work go on. Nothing is given back here: cores are
 * free when the node has reported the freeze, the rest when it has reported the end.
 */
export class RoomMaker {
  readonly #deps: RoomDeps;
  /** Victims that were asked to freeze, and when. */
  readonly #asked = new Map<string, number>();

  constructor(deps: RoomDeps) {
    this.#deps = deps;
  }

  /** Preempts for tasks that found no room. Answers what those tasks now wait for, by task id. */
  async preempt(
    world: World,
    stuck: readonly Stuck[],
    nodes: readonly NodePlace[],
  ): Promise<Map<string, Reason>> {
    const reasons = new Map<string, Reason>();
    const urgent = stuck.filter(({ group, why }) => group.class !== 'batch' && why === 'room');
    if (urgent.length === 0) {
      this.#asked.clear();
      return reasons;
    }
    const victims = await readVictims(
      this.#deps.db,
      nodes.map((node) => node.id),
    );
    this.#forget(victims);
    // One preemption for each node and round: what it frees must not be counted twice.
    const closed = new Set<string>();
    for (const { group, task } of urgent.slice(0, atOnce)) {
      const plan = findPreemption(group, nodes, victims, closed);
      if (!plan) continue;
      closed.add(plan.nodeId);
      const late = plan.freeze.filter((victim) => this.#late(victim.allocationId));
      const freeze = plan.freeze.filter((victim) => !late.includes(victim));
      for (const victim of freeze) await this.#freeze(victim);
      const stop = [...plan.stop, ...late];
      if (stop.length > 0) await this.#stop(stop, 'preempted');
      const node = world.nodes.find((candidate) => candidate.id === plan.nodeId);
      reasons.set(
        task.id,
        reason(waitPhrases, 'wait.preempting', {
          count: plan.freeze.length + plan.stop.length,
          node: node?.name ?? plan.nodeId,
        }),
      );
      this.#deps.log.info(
        { task: task.id, node: plan.nodeId, freeze: freeze.length, stop: stop.length },
        'making room for more urgent work',
      );
    }
    return reasons;
  }

  /** Batch work on nodes that are being drained goes elsewhere at once; the rest may end by itself. */
  async drain(nodes: readonly NodePlace[]): Promise<void> {
    const draining = nodes.filter((node) => node.schedulable === 'draining');
    if (draining.length === 0) return;
    const victims = await readVictims(
      this.#deps.db,
      draining.map((node) => node.id),
    );
    const batch = victims.filter((victim) => victim.class === 'batch');
    if (batch.length > 0) await this.#stop(batch, 'drained');
  }

  /** Gives frozen work its cores back and tells the node to go on, when the cores are still free. */
  async thaw(frozen: readonly FrozenWork[]): Promise<void> {
    for (const { allocationId, nodeId } of frozen) {
      await runChange(this.#deps, async (change) => {
        const place = await change.tx
          .selectFrom('allocation')
          .select('job_id')
          .where('id', '=', allocationId)
          .executeTakeFirst();
        await change.ledger.lock([place?.job_id ?? null]);
        const [row] = await lockAllocations(change.tx, [allocationId]);
        if (row?.state !== 'frozen' || row.cpu_held) return;
        const { rows } = await sql<{ fits: boolean }>`
          SELECT cpu_used + ${row.resources.cpu}::float8 <= cpu_total AS fits
          FROM node_usage WHERE node_id = ${nodeId} FOR NO KEY UPDATE
        `.execute(change.tx);
        if (!rows[0]?.fits) return;
        change.usage.take(nodeId, row.resources, { cpu: true, rest: false });
        await change.tx
          .updateTable('allocation')
          .set({ cpu_held: true })
          .where('id', '=', allocationId)
          .execute();
        change.afterCommit(() =>
          this.#deps.nodes().send(nodeId, 'thaw', { allocation: allocationId, fence: row.fence }),
        );
      });
    }
  }

  async #freeze(victim: Victim): Promise<void> {
    if (this.#asked.has(victim.allocationId)) return;
    this.#asked.set(victim.allocationId, this.#deps.monotonic());
    const row = await this.#deps.db
      .selectFrom('allocation')
      .select('fence')
      .where('id', '=', victim.allocationId)
      .executeTakeFirst();
    if (!row) return;
    this.#deps.nodes().send(victim.nodeId, 'freeze', { allocation: victim.allocationId, fence: row.fence });
  }

  #late(allocationId: string): boolean {
    const asked = this.#asked.get(allocationId);
    return asked !== undefined && this.#deps.monotonic() - asked > freezePatienceMs;
  }

  #forget(victims: readonly Victim[]): void {
    const running = new Set(
      victims.filter((victim) => victim.state === 'running').map((victim) => victim.allocationId),
    );
    for (const id of this.#asked.keys()) if (!running.has(id)) this.#asked.delete(id);
  }

  async #stop(victims: readonly Victim[], why: 'preempted' | 'drained'): Promise<void> {
    const ids = victims.map((victim) => victim.allocationId);
    await runChange(this.#deps, async (change) => {
      const { rows } = await sql<{ job_id: string | null }>`
        SELECT DISTINCT job_id FROM allocation WHERE id = ANY(${ids}::uuid[])
      `.execute(change.tx);
      await change.ledger.lock(rows.map((row) => row.job_id));
      await this.#deps.stopAllocations(change, ids, { why, who: 'system' });
    });
  }
}

/** Open work on nodes that is not yet on its way out. */
async function readVictims(db: Db, nodeIds: readonly string[]): Promise<Victim[]> {
  const { rows } = await sql<Victim>`
    SELECT id AS "allocationId", node_id AS "nodeId", class, state, resources AS grant, cpu_held AS "cpuHeld",
           coalesce(extract(epoch FROM now() - started_at)::float8 * 1000, 0) AS "ranMs"
    FROM allocation
    WHERE node_id = ANY(${nodeIds}::uuid[]) AND state IN ('offered', 'accepted', 'preparing', 'running', 'frozen')
    ORDER BY id
  `.execute(db);
  return rows;
}

/**
 * Frozen work that has given its cores back, oldest first. Not what its node has frozen for its disk, as long as that is not
 * well: only the node can have it go on, and cores that it was given meanwhile would do nothing. Afterwards it is told so like
 * all others: an agent of an earlier version, to which the node has gone back, knows nothing of its disk's pauses.
 */
export async function readFrozen(db: Db): Promise<FrozenWork[]> {
  const { rows } = await sql<FrozenWork>`
    SELECT a.id AS "allocationId", a.node_id AS "nodeId", a.class, (a.resources->>'cpu')::float8 AS cpu
    FROM allocation a JOIN task t ON t.id = a.task_id
    WHERE a.state = 'frozen' AND NOT a.cpu_held AND (t.wait ->> 'code' IS DISTINCT FROM ${diskPause}
      OR EXISTS (SELECT FROM node_lease l WHERE l.node_id = a.node_id AND l.load -> 'disk' ->> 'state' = 'ok'))
    ORDER BY a.id
  `.execute(db);
  return rows;
}
