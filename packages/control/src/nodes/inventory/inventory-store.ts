import type { Capacity, Inventory } from '@backlot/contract';
import { sql } from 'kysely';
import type { Store } from '../../db/database.ts';
import type { NodeRow, Tx } from '../../db/schema.ts';
import type { AuditLog, EventLog } from '../../kernel.ts';
import { lock, nodeActor } from '../leases/node-registry.ts';
import { type Totals, totalsFor, type Used } from './totals.ts';

export interface InventoryStoreOptions {
  readonly store: Store;
  readonly events: EventLog;
  readonly audit: AuditLog;
}

/** What a machine has told about itself, and what may be given out on it. */
export class InventoryStore {
  readonly #options: InventoryStoreOptions;

  constructor(options: InventoryStoreOptions) {
    this.#options = options;
  }

  /**
   * Takes an inventory in. Of labels, those that the operator has set win over the agent's.
   *
   * @returns false when it is the one we have, or the node's epoch has passed
   */
  async put(nodeId: string, epoch: number, inventory: Inventory): Promise<boolean> {
    const { store, events, audit } = this.#options;
    const changed = await store.transaction(async (tx) => {
      const node = await lock(tx, nodeId);
      if (!node || node.epoch !== epoch || node.inventory_hash === inventory.hash) return false;
      const totals = await this.#apply(tx, nodeId, inventory.capacity);
      await tx
        .updateTable('node')
        .set({
          inventory: JSON.stringify(inventory),
          inventory_hash: inventory.hash,
          labels: JSON.stringify({ ...inventory.labels, ...node.labels }),
        })
        .where('id', '=', nodeId)
        .execute();
      await events.append(tx, [
        {
          projectId: null,
          kind: 'node.inventory',
          subject: { kind: 'node', id: nodeId },
          body: { name: node.name, hash: inventory.hash, short: totals.short },
        },
      ]);
      await audit.record(tx, {
        actor: nodeActor(node),
        action: 'node.inventory',
        subject: { kind: 'node', id: nodeId },
        before: summary(node.inventory),
        after: summary(inventory),
      });
      return true;
    });
    if (changed) events.wake();
    return changed;
  }

  /** Lowers totals that were kept up for what was held when a machine shrank and has been freed since. */
  async settleTotals(): Promise<number> {
    const { rows } = await sql<{ id: string }>`
      SELECT n.id FROM node n JOIN node_usage u ON u.node_id = n.id
      WHERE n.inventory IS NOT NULL AND n.state <> 'removed' AND (
        u.cpu_total > (n.inventory #>> '{capacity,cpu}')::float8 + 0.000001
        OR u.memory_total > (n.inventory #>> '{capacity,memory}')::bigint
        OR u.disk_total > (n.inventory #>> '{capacity,disk}')::bigint
        OR u.packets_total > (n.inventory #>> '{capacity,packets}')::bigint
        OR EXISTS (
          SELECT FROM gpu_usage g
          LEFT JOIN jsonb_to_recordset(n.inventory #> '{capacity,gpus}')
            AS has(index int, vram bigint, "encoderSessions" int) ON has.index = g.index
          WHERE g.node_id = n.id AND (
            g.vram_total > COALESCE(has.vram, 0)
            OR g.encoder_sessions_total > COALESCE(has."encoderSessions", 0)
            OR has.index IS NULL
          )
        )
      )
    `.execute(this.#options.store.db);
    for (const { id } of rows) {
      await this.#options.store.transaction(async (tx) => {
        const node = await lock(tx, id);
        if (node?.inventory) await this.#apply(tx, id, node.inventory.capacity);
      });
    }
    return rows.length;
  }

  async #apply(tx: Tx, nodeId: string, capacity: Capacity): Promise<Totals> {
    const totals = totalsFor(capacity, await this.#used(tx, nodeId));
    await sql`
      INSERT INTO node_usage (node_id, cpu_total, memory_total, disk_total, packets_total)
      VALUES (${nodeId}, ${totals.cpu}, ${totals.memory}, ${totals.disk}, ${totals.packets})
      ON CONFLICT (node_id) DO UPDATE SET cpu_total = EXCLUDED.cpu_total, memory_total = EXCLUDED.memory_total,
        disk_total = EXCLUDED.disk_total, packets_total = EXCLUDED.packets_total
    `.execute(tx);
    const kept = totals.gpus.map((gpu) => gpu.index);
    await sql`DELETE FROM gpu_usage WHERE node_id = ${nodeId} AND index <> ALL(${kept}::int[])`.execute(tx);
    for (const gpu of totals.gpus) {
      await sql`
        INSERT INTO gpu_usage (node_id, index, name, vram_total, encoder_sessions_total)
        VALUES (${nodeId}, ${gpu.index}, ${gpu.name}, ${gpu.vram}, ${gpu.encoderSessions})
        ON CONFLICT (node_id, index) DO UPDATE SET name = EXCLUDED.name, vram_total = EXCLUDED.vram_total,
          encoder_sessions_total = EXCLUDED.encoder_sessions_total
      `.execute(tx);
    }
    return totals;
  }

  /** What is held, with the rows locked: a placement that commits in between would make the totals wrong. */
  async #used(tx: Tx, nodeId: string): Promise<Used> {
    const usage = await tx
      .selectFrom('node_usage')
      .selectAll()
      .where('node_id', '=', nodeId)
      .forUpdate()
      .executeTakeFirst();
    const gpus = await tx
      .selectFrom('gpu_usage')
      .selectAll()
      .where('node_id', '=', nodeId)
      .orderBy('index')
      .forUpdate()
      .execute();
    return {
      cpu: usage?.cpu_used ?? 0,
      memory: usage?.memory_used ?? 0,
      disk: usage?.disk_used ?? 0,
      packets: usage?.packets_used ?? 0,
      gpus: gpus.map((gpu) => ({
        index: gpu.index,
        name: gpu.name,
        vram: gpu.vram_used,
        encoderSessions: gpu.encoder_sessions_used,
      })),
    };
  }
}

/** What of an inventory is worth a line in the audit. */
function summary(inventory: NodeRow['inventory']) {
  if (!inventory) return null;
  return {
    hash: inventory.hash,
    capacity: inventory.capacity,
    capabilities: inventory.capabilities.map(({ name, version }) => (version ? `${name} ${version}` : name)),
  };
}
