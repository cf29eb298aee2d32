import type { NodeLoad } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';

/** A node's load over the last minutes, thinned evenly to at most `points`; the newest sample is always among them. */
export async function readSamples(
  db: Db,
  nodeId: string,
  { minutes, points }: { readonly minutes: number; readonly points: number },
): Promise<NodeLoad[]> {
  const { rows } = await sql<{ load: NodeLoad }>`
    WITH recent AS (
      SELECT load, at, row_number() OVER (ORDER BY at DESC) - 1 AS back, count(*) OVER () AS total
      FROM node_sample WHERE node_id = ${nodeId} AND at > now() - make_interval(mins => ${minutes})
    )
    SELECT load FROM recent WHERE back % ceil(total / ${points}::float8)::int = 0 ORDER BY at
  `.execute(db);
  return rows.map((row) => row.load);
}
