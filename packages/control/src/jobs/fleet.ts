import type { Capability, Capacity, Resources } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';

/** What the nodes that take work can do together. */
export interface Fleet {
  readonly capabilities: readonly Capability[];
  readonly nodes: readonly Capacity[];
}

/** Reads the fleet of a pool: nodes that are ready and not cordoned. */
export async function readFleet(tx: Tx, pool: string): Promise<Fleet> {
  const { rows } = await sql<{ capacity: Capacity; capabilities: Capability[] }>`
    SELECT inventory->'capacity' AS capacity, inventory->'capabilities' AS capabilities
    FROM node WHERE pool = ${pool} AND state = 'ready' AND schedulable = 'yes' AND inventory IS NOT NULL
  `.execute(tx);
  return {
    capabilities: rows.flatMap((row) => row.capabilities),
    nodes: rows.map((row) => row.capacity),
  };
}

/** How many tasks that ask for this much the fleet runs side by side when it is empty; at least one. Pure. */
export function slotsFor(nodes: readonly Capacity[], resources: Resources): number {
  const total = nodes.reduce((sum, node) => sum + slotsOn(node, resources), 0);
  return Math.max(1, total);
}

function slotsOn(node: Capacity, wanted: Resources): number {
  const limits = (['cpu', 'memory', 'disk', 'packets'] as const)
    .filter((kind) => wanted[kind] > 0)
    .map((kind) => Math.floor(node[kind] / wanted[kind] + 1e-9));
  if (wanted.gpus.length > 0) limits.push(Math.floor(gpuSlots(node, wanted) / wanted.gpus.length));
  return limits.length === 0 ? 1 : Math.min(...limits);
}

function gpuSlots(node: Capacity, wanted: Resources): number {
  const vram = Math.max(...wanted.gpus.map((gpu) => gpu.vram));
  const sessions = Math.max(...wanted.gpus.map((gpu) => gpu.encoderSessions));
  return node.gpus.reduce((sum, gpu) => {
    const byMemory = vram > 0 ? Math.floor(gpu.vram / vram) : 1;
    const bySessions = sessions > 0 ? Math.floor(gpu.encoderSessions / sessions) : byMemory;
    return sum + Math.min(byMemory, bySessions);
  }, 0);
}
