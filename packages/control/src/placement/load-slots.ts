import { sql } from 'kysely';
import type { Db, Tx } from '../db/schema.ts';
import type { SlotsTaken } from './model.ts';

/**
 * The counted places that open allocations hold on some nodes, by node and key. Asked for again under the nodes' locks
 * before a placement is written, so that two rounds never take the last place twice.
 */
export async function readSlots(
  db: Db | Tx,
  nodeIds: readonly string[],
): Promise<Map<string, Map<string, SlotsTaken>>> {
  const { rows } = await sql<{ node_id: string; key: string; gpu: number | null; n: number }>`
    WITH held AS (
      SELECT id, node_id, resources->'slot'->>'key' AS key, resources->'gpus' AS gpus
      FROM allocation
      WHERE node_id = ANY(${nodeIds}::uuid[]) AND state <> 'ended' AND resources ? 'slot'
    )
    SELECT node_id, key, NULL::int AS gpu, count(*)::int AS n FROM held GROUP BY node_id, key
    UNION ALL
    SELECT node_id, key, (g->>'index')::int, count(*)::int
    FROM held CROSS JOIN LATERAL jsonb_array_elements(gpus) g GROUP BY 1, 2, 3
  `.execute(db);
  const slots = new Map<string, Map<string, { node: number; gpus: Map<number, number> }>>();
  for (const { node_id, key, gpu, n } of rows) {
    const onNode = slots.get(node_id) ?? new Map<string, { node: number; gpus: Map<number, number> }>();
    slots.set(node_id, onNode);
    const taken = onNode.get(key) ?? { node: 0, gpus: new Map<number, number>() };
    onNode.set(key, taken);
    if (gpu === null) taken.node = n;
    else taken.gpus.set(gpu, n);
  }
  return slots;
}
