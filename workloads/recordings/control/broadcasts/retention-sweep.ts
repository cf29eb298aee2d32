import { type Kernel, systemActor } from '@backlot/control/workload';
import { tables } from '../tables.ts';
import { chooseExpired } from './retention.ts';
import { trashBroadcast } from './trash-broadcast.ts';

/** Puts what channels do not keep any more into the trash. What fails for one channel keeps nothing from the others. */
export async function applyRetention(kernel: Kernel): Promise<void> {
  const channels = await tables(kernel.db)
    .selectFrom('recordings_channel')
    .select(['id', 'settings'])
    .execute();
  for (const { id, settings } of channels) {
    if (settings.retention === null) continue;
    const rows = await tables(kernel.db)
      .selectFrom('recordings_broadcast')
      .select(['id', 'ended_at', 'bytes', 'verified_at'])
      .where('channel_id', '=', id)
      .where('state', '=', 'ended')
      .execute();
    const kept = rows.map((row) => ({
      id: row.id,
      endedAt: row.ended_at?.getTime() ?? 0,
      bytes: Number(row.bytes),
      verified: row.verified_at !== null,
    }));
    for (const broadcast of chooseExpired(kept, settings.retention, kernel.clock.now())) {
      try {
        await trashBroadcast(kernel, broadcast, systemActor);
      } catch (error) {
        // Something still needs its files: the next look tries again.
        kernel.log.info({ err: error, broadcast }, 'a broadcast is kept for a while longer');
      }
    }
  }
}
