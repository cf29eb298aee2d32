import type { Failure } from '@backlot/contract';
import { readLog } from '@backlot/control/workload';
import { type InstanceEnd, instanceEndReason } from '../../contract.ts';
import type { Ground } from '../ground.ts';
import { type InstanceRow, tables } from '../tables.ts';

/** Ends that we decide and that an application's log may explain. What a process ends by itself, its node reports. */
const explained: readonly InstanceEnd[] = ['never-connected', 'no-picture', 'streamer-lost', 'reset-failed'];
/** Of each stream; a failure keeps 4 kB in all. Bytes. */
const endBytes = 1_900;
const patienceMs = 5_000;

/** Keeps the end of an instance's log with its reason, before it is stopped. Never throws: it may have to do without. */
export async function keepLogEnd(ground: Ground, instance: InstanceRow): Promise<void> {
  const { allocation_id: allocationId, end_reason: why } = instance;
  if (allocationId === null || why === null || !explained.includes(why)) return;
  const { kernel } = ground;
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const deps = { db: kernel.db, blobs: kernel.blobs, nodes: () => kernel.nodes };
    const ends = await Promise.all(
      (['stdout', 'stderr'] as const).map(async (stream) => {
        const piece = await readLog(deps, { allocationId, stream, from: -endBytes, limit: endBytes }, signal);
        return piece.bytes.toString('utf8');
      }),
    );
    const excerpt = ends.filter((text) => text !== '').join('\n');
    const failure: Failure = {
      class: 'stall',
      reason: instanceEndReason(why, instance.end_params ?? {}),
      signature: `stall:streams.${why}`,
      ...(excerpt === '' ? {} : { excerpt: excerpt.slice(-4_096) }),
    };
    await tables(kernel.db)
      .updateTable('streams_instance')
      .set({ failure: JSON.stringify(failure) })
      .where('id', '=', instance.id)
      .where('failure', 'is', null)
      .execute();
  } catch (error) {
    kernel.log.debug({ err: error, instance: instance.id }, 'the end of a log could not be read');
  }
}
