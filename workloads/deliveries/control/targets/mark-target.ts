import type { Reason } from '@backlot/contract';
import type { Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { tables } from '../tables.ts';

/**
 * Notes that a target is down or up, and tells it once: only the change of the row makes an event, so that a hundred
 * uploads that find the same make one alarm. The first success of a new target is no news.
 */
export async function markTarget(
  kernel: Pick<Kernel, 'events'>,
  tx: Tx,
  targetId: string,
  health: 'up' | 'down',
  fault: Reason | null,
): Promise<boolean> {
  const before = await tables(tx)
    .selectFrom('delivery_target')
    .select(['health', 'project_id', 'name', 'kind', 'health_since'])
    .where('id', '=', targetId)
    .forUpdate()
    .executeTakeFirst();
  if (!before) return false;
  if (before.health === health) return false;
  await tables(tx)
    .updateTable('delivery_target')
    .set({ health, health_since: sql<Date>`now()`, fault: fault === null ? null : JSON.stringify(fault) })
    .where('id', '=', targetId)
    .execute();
  if (health === 'up' && before.health !== 'down') return false;
  await kernel.events.append(tx, [
    {
      projectId: before.project_id,
      kind: health === 'down' ? 'deliveries.target.down' : 'deliveries.target.up',
      subject: { kind: 'delivery-target', id: targetId },
      body: {
        name: before.name,
        targetKind: before.kind,
        ...(fault ? { fault } : {}),
        ...(health === 'up' && before.health_since ? { downSince: before.health_since.toISOString() } : {}),
      },
    },
  ]);
  return true;
}
