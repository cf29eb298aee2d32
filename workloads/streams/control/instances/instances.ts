import { BacklotError } from '@backlot/contract';
import { sql } from 'kysely';
import { streamErrors } from '../../contract.ts';
import { now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import type { AttachedStreamer, Instances, StreamerConnection } from '../ports.ts';
import { tables } from '../tables.ts';

/** Lets streamers in. */
export function createInstances(ground: Ground): Instances {
  const { kernel, streamers } = ground;
  return {
    async attach(ticket: string, connection: StreamerConnection): Promise<AttachedStreamer> {
      const { sub: instanceId } = await ground.tickets.readLaunch(ticket);
      const instance = await tables(kernel.db)
        .updateTable('streams_instance')
        .set({ streamer_at: now, streamer_gone_at: null })
        .where('id', '=', instanceId)
        .where('state', 'not in', ['stopping', 'ended'])
        .returning(['id', 'app_id'])
        .executeTakeFirst();
      if (!instance) throw new BacklotError(streamErrors.instance_over);
      const app = await ground.apps.byIdOrSlug(instance.app_id);
      streamers.put(instanceId, connection);
      return {
        instanceId,
        app: { id: app.id, slug: app.slug },
        ready: () => becomeReady(ground, instanceId),
        detach() {
          // A newer socket has taken its place: the instance is as connected as before.
          if (!streamers.remove(instanceId, connection)) return;
          void streamerGone(ground, instanceId).catch((error: unknown) =>
            kernel.log.warn(
              { err: error, instance: instanceId },
              'the loss of a streamer could not be written',
            ),
          );
        },
      };
    },
  };
}

/** The streamer takes players from now on. Harmless when repeated. */
async function becomeReady(ground: Ground, instanceId: string): Promise<void> {
  const appId = await runChange(ground.kernel, async (change) => {
    const row = await change.moveInstance(
      instanceId,
      'ready',
      { ready_at: now, free_since: now, started_at: sql`coalesce(started_at, now())` },
      { only: ['requested', 'starting'] },
    );
    if (row) return row.app_id;
    const other = await change.db
      .selectFrom('streams_instance')
      .select(['app_id', 'state'])
      .where('id', '=', instanceId)
      .executeTakeFirst();
    if (!other || other.state === 'stopping' || other.state === 'ended')
      throw new BacklotError(streamErrors.instance_over);
    return other.app_id;
  });
  // Matches those who wait, and tells them.
  ground.keeper.wake(appId);
}

async function streamerGone(ground: Ground, instanceId: string): Promise<void> {
  const row = await tables(ground.kernel.db)
    .updateTable('streams_instance')
    .set({ streamer_at: null, streamer_gone_at: now })
    .where('id', '=', instanceId)
    .where('state', '<>', 'ended')
    .returning('app_id')
    .executeTakeFirst();
  // It may have come back between the two.
  if (row && ground.signalling().hasStreamer(instanceId))
    await tables(ground.kernel.db)
      .updateTable('streams_instance')
      .set({ streamer_at: now, streamer_gone_at: null })
      .where('id', '=', instanceId)
      .execute();
  if (row) ground.keeper.wake(row.app_id);
}
