import type { Grant } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';

interface NodeDelta {
  cpu: number;
  memory: number;
  disk: number;
  packets: number;
}
interface GpuDelta {
  vram: number;
  encoders: number;
}

/** Which parts of a grant change hands: a frozen allocation gives back its cores and nothing else. */
export interface GrantParts {
  readonly cpu: boolean;
  readonly rest: boolean;
}

/**
 * What a transaction takes from nodes and gives back, summed up and written once at its end, in the order of node
 * ids: however many allocations it touches, two of these never wait for each other. The CHECKs of the tables have
 * the last word; taking too much fails the transaction.
 */
export class UsageBook {
  readonly #tx: Tx;
  readonly #nodes = new Map<string, NodeDelta>();
  readonly #gpus = new Map<string, Map<number, GpuDelta>>();

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  take(nodeId: string, grant: Grant, parts: GrantParts = { cpu: true, rest: true }): void {
    this.#add(nodeId, grant, parts, 1);
  }

  release(nodeId: string, grant: Grant, parts: GrantParts = { cpu: true, rest: true }): void {
    this.#add(nodeId, grant, parts, -1);
  }

  /** @throws the violated CHECK when more is taken than there is */
  async write(): Promise<void> {
    await this.#writeNodes();
    await this.#writeGpus();
    this.#nodes.clear();
    this.#gpus.clear();
  }

  #add(nodeId: string, grant: Grant, parts: GrantParts, sign: 1 | -1): void {
    const delta = this.#nodes.get(nodeId) ?? { cpu: 0, memory: 0, disk: 0, packets: 0 };
    this.#nodes.set(nodeId, delta);
    if (parts.cpu) delta.cpu += sign * grant.cpu;
    if (!parts.rest) return;
    delta.memory += sign * grant.memory;
    delta.disk += sign * grant.disk;
    delta.packets += sign * grant.packets;
    for (const gpu of grant.gpus) {
      const ofNode = this.#gpus.get(nodeId) ?? new Map<number, GpuDelta>();
      this.#gpus.set(nodeId, ofNode);
      const sum = ofNode.get(gpu.index) ?? { vram: 0, encoders: 0 };
      ofNode.set(gpu.index, sum);
      sum.vram += sign * gpu.vram;
      sum.encoders += sign * gpu.encoderSessions;
    }
  }

  async #writeNodes(): Promise<void> {
    const rows = [...this.#nodes].map(([node_id, delta]) => ({ node_id, ...delta }));
    if (rows.length === 0) return;
    // Cores are fractions: rounded, so that a million additions don't drift.
    await sql`
      WITH d AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          AS d(node_id uuid, cpu float8, memory int8, disk int8, packets int8)
      ), locked AS MATERIALIZED (
        SELECT u.node_id FROM node_usage u JOIN d USING (node_id) ORDER BY u.node_id FOR NO KEY UPDATE OF u
      )
      UPDATE node_usage u SET
        cpu_used = round((u.cpu_used + d.cpu)::numeric, 6)::float8,
        memory_used = u.memory_used + d.memory,
        disk_used = u.disk_used + d.disk,
        packets_used = u.packets_used + d.packets
      FROM locked JOIN d USING (node_id) WHERE u.node_id = locked.node_id
    `.execute(this.#tx);
  }

  async #writeGpus(): Promise<void> {
    const rows = [...this.#gpus].flatMap(([node_id, gpus]) =>
      [...gpus].map(([index, delta]) => ({ node_id, index, ...delta })),
    );
    if (rows.length === 0) return;
    await sql`
      WITH d AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          AS d(node_id uuid, index int, vram int8, encoders int)
      ), locked AS MATERIALIZED (
        SELECT g.node_id, g.index FROM gpu_usage g JOIN d USING (node_id, index)
        ORDER BY g.node_id, g.index FOR NO KEY UPDATE OF g
      )
      UPDATE gpu_usage g SET
        vram_used = g.vram_used + d.vram,
        encoder_sessions_used = g.encoder_sessions_used + d.encoders
      FROM locked JOIN d USING (node_id, index) WHERE g.node_id = locked.node_id AND g.index = locked.index
    `.execute(this.#tx);
  }
}
