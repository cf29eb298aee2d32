import type { Call } from '@backlot/contract';
import { DiskNotice } from '@backlot/contract/holdings';
import { sql } from 'kysely';
import type { NodesDependencies } from '../dependencies.ts';

/** Milliseconds in which there is one word about the disk of a node, whatever happens to its agent. */
const onceInMs = 600_000;

/**
 * A node's word about its disk becomes an event: `disk.low`, `disk.full`. The node sees to it that there are few; an agent that
 * was started again does not know of the last one, so it is looked for here too.
 */
export function noteDisk({ store, events }: Pick<NodesDependencies, 'store' | 'events'>) {
  return async (nodeId: string, { payload }: Call): Promise<null> => {
    const { state, free, total } = DiskNotice.parse(payload);
    await store.transaction(async (tx) => {
      const node = await tx.selectFrom('node').select('name').where('id', '=', nodeId).executeTakeFirst();
      const last = await tx
        .selectFrom('event')
        .select('seq')
        .where('subject_kind', '=', 'node')
        .where('subject_id', '=', nodeId)
        .where('kind', 'in', ['disk.low', 'disk.full'])
        .where('at', '>', sql<Date>`now() - ${onceInMs}::float8 * interval '1 millisecond'`)
        .limit(1)
        .executeTakeFirst();
      if (last) return;
      const body = { node: node?.name ?? nodeId, free, total };
      await events.append(tx, [
        { projectId: null, kind: `disk.${state}`, subject: { kind: 'node', id: nodeId }, body },
      ]);
    });
    events.wake();
    return null;
  };
}
