import type { EventReaction } from '@backlot/control/workload';
import { sql } from 'kysely';
import { tables } from '../tables.ts';

/**
 * Notes that a broadcast has a verified copy elsewhere: a run of a flow about it is over, and every one of its segments is
 * in a copy that a step has read back. Retention that asks for a copy goes by this.
 */
export const markVerified: EventReaction = {
  name: 'recordings.mark-verified',
  kinds: ['flow.run.ended'],
  async react(event, kernel) {
    const run = await kernel.db
      .selectFrom('flow_run')
      .select(['subject_kind', 'subject_id'])
      .where('id', '=', event.subject.id)
      .executeTakeFirst();
    if (run?.subject_kind !== 'broadcast' || run.subject_id === null) return;
    const broadcast = run.subject_id;
    const verified = await kernel.flows.verifiedBy(event.subject.id);
    await kernel.transaction(async (tx) => {
      // Whatever comes now waits for this: a segment that is not in the copy takes the mark away again.
      await tables(tx)
        .selectFrom('recordings_broadcast')
        .select('id')
        .where('id', '=', broadcast)
        .forNoKeyUpdate()
        .executeTakeFirst();
      const segments = await tables(tx)
        .selectFrom('recordings_segment as s')
        .innerJoin('artifact as a', 'a.id', 's.artifact_id')
        .select('a.digest')
        .where('s.broadcast_id', '=', broadcast)
        .execute();
      if (segments.length === 0 || segments.some(({ digest }) => !verified.has(digest))) return;
      await tables(tx)
        .updateTable('recordings_broadcast')
        .set({ verified_at: sql<Date>`coalesce(verified_at, now())` })
        .where('id', '=', broadcast)
        .execute();
    });
  },
};
