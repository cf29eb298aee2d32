import { Id } from '@backlot/contract';
import type { Db, Tx } from '@backlot/control/workload';
import { type TargetRow, tables } from '../tables.ts';

/** A target of a project, by its name or its id; another project's is not there. */
export async function findTarget(
  db: Db | Tx,
  projectId: string,
  ref: unknown,
): Promise<TargetRow | undefined> {
  if (typeof ref !== 'string') return undefined;
  const byId = Id.safeParse(ref).success;
  return await tables(db)
    .selectFrom('delivery_target')
    .selectAll()
    .where('project_id', '=', projectId)
    .where(byId ? 'id' : 'name', '=', ref)
    .executeTakeFirst();
}
