import { type Capability, missingFrom } from '@backlot/contract';
import { sql } from 'kysely';
import type { TaskRow, Tx } from '../db/schema.ts';

/**
 * Whether another node of the pool, one that is there and that the task does not keep away from, has proved what the
 * task needs. Whether it has room is not asked: room comes with time.
 */
export async function anotherCandidate(tx: Tx, task: TaskRow, exceptNodeId: string): Promise<boolean> {
  const { rows } = await sql<{ capabilities: Capability[] | null }>`
    SELECT n.inventory->'capabilities' AS capabilities FROM node n
    WHERE n.pool = ${task.pool} AND n.id <> ${exceptNodeId} AND n.state IN ('ready', 'unreachable')
      AND NOT EXISTS (SELECT 1 FROM avoidance a WHERE a.task_id = ${task.id} AND a.node_id = n.id
                      AND a.strict AND a.until > now())
  `.execute(tx);
  return rows.some((row) => proves(row.capabilities ?? [], task));
}

function proves(capabilities: readonly Capability[], task: Pick<TaskRow, 'spec'>): boolean {
  return task.spec.constraints.capabilities.every((query) => missingFrom(capabilities, query) === undefined);
}
