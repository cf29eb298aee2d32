import { type Kernel, systemActor } from '@backlot/control/workload';
import { ROOM_JOB } from '../../contract/room.ts';
import { tables } from '../tables.ts';

/** Milliseconds that a job has before a room must name it: it is submitted first, and written down with its room then. */
const graceMs = 60_000;
/** More are canceled the next time. */
const most = 100;

/**
 * Cancels the jobs that hold places of rooms that don't need them any more: a control plane ended between closing a room and
 * canceling its job, or between submitting a job and writing it down. Else they would run, or wait for a place, for ever.
 */
export async function cancelOrphanedJobs(kernel: Kernel): Promise<void> {
  const orphans = await tables(kernel.db)
    .selectFrom('job')
    .select('id')
    .where('kind', '=', ROOM_JOB)
    .where('ended_at', 'is', null)
    .where('intent', '<>', 'cancel')
    .where('created_at', '<', new Date(kernel.clock.now() - graceMs))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('rooms_room')
            .select('rooms_room.id')
            .whereRef('rooms_room.job_id', '=', 'job.id')
            .where('rooms_room.closed_at', 'is', null),
        ),
      ),
    )
    .limit(most)
    .execute();
  for (const { id } of orphans) {
    await kernel.jobs.setIntent(id, 'cancel', systemActor).catch((error: unknown) => {
      // Another control process may have been sooner.
      kernel.log.debug({ err: error, job: id }, 'the job of no room could not be canceled');
    });
  }
}
