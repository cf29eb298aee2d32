import type { AllocationState } from '@backlot/contract';
import { type Selectable, sql } from 'kysely';
import type { AllocationTable, Db, Tx } from '../db/schema.ts';
import type { Change } from '../tasks/change.ts';

/** An open allocation, locked for the transaction that reads it. */
export type OpenAllocation = Selectable<AllocationTable> & {
  readonly node_name: string;
  readonly task_kind: string;
};

/** Where an allocation belongs; never changes, so it may be read before anything is locked. */
export interface AllocationPlace {
  readonly id: string;
  readonly job_id: string | null;
  readonly task_id: string;
  readonly node_id: string;
  readonly project_id: string;
}

export async function placeOf(db: Db | Tx, id: string): Promise<AllocationPlace | undefined> {
  return db
    .selectFrom('allocation')
    .select(['id', 'job_id', 'task_id', 'node_id', 'project_id'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The same for many, by id; what is not there is left out. */
export async function placesOf(db: Db | Tx, ids: readonly string[]): Promise<Map<string, AllocationPlace>> {
  const rows = await db
    .selectFrom('allocation')
    .select(['id', 'job_id', 'task_id', 'node_id', 'project_id'])
    .where(sql<boolean>`id = ANY(${ids}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Writes the event of a state that an allocation has come to. */
export function tellChanged(
  change: Change,
  row: OpenAllocation,
  state: AllocationState,
  more: Record<string, unknown> = {},
): void {
  change.events.push({
    projectId: row.project_id,
    kind: 'allocation.changed',
    subject: { kind: 'allocation', id: row.id },
    body: {
      state,
      from: row.state,
      taskId: row.task_id,
      jobId: row.job_id,
      nodeId: row.node_id,
      ...more,
    },
  });
}

/** Locks allocations by id order. Their jobs must be locked already. */
export async function lockAllocations(tx: Tx, ids: readonly string[]): Promise<OpenAllocation[]> {
  if (ids.length === 0) return [];
  return tx
    .selectFrom('allocation')
    .innerJoin('node', 'node.id', 'allocation.node_id')
    .innerJoin('task', 'task.id', 'allocation.task_id')
    .selectAll('allocation')
    .select(['node.name as node_name', 'task.kind as task_kind'])
    .where(sql<boolean>`allocation.id = ANY(${ids}::uuid[])`)
    .orderBy('allocation.id')
    .forNoKeyUpdate('allocation')
    .execute();
}

/** Ids of the open allocations of tasks, with nothing locked but their jobs. */
export async function openAllocationsOf(tx: Tx, taskIds: readonly string[]): Promise<string[]> {
  if (taskIds.length === 0) return [];
  const rows = await tx
    .selectFrom('allocation')
    .select('id')
    .where(sql<boolean>`task_id = ANY(${taskIds}::uuid[])`)
    .where('state', '<>', 'ended')
    .execute();
  return rows.map((row) => row.id);
}

/** States in which a node has, or may have, a process for it. */
export const onNode: readonly AllocationState[] = [
  'accepted',
  'preparing',
  'running',
  'frozen',
  'stopping',
  'unknown',
];
