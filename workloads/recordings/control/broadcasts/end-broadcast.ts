import type { Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { tables } from '../tables.ts';
import { measureLoss } from './measure-loss.ts';

/**
 * Ends a broadcast when all that have recorded it have said so, or when nobody can say so any more (`by: silence`). It is told
 * once as `recordings.broadcast.closed`, which is what flows wait for; one that comes to life again and ends a second time
 * makes no second run.
 */
export async function endBroadcast(
  kernel: Kernel,
  tx: Tx,
  broadcastId: string,
  how: { readonly by: 'node' | 'silence'; readonly nodeId: string | null },
): Promise<boolean> {
  const db = tables(tx);
  const row = await db
    .selectFrom('recordings_broadcast')
    .selectAll()
    .where('id', '=', broadcastId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row?.state !== 'live') return false;
  if (how.by === 'node') {
    const open = await db
      .selectFrom('recordings_sighting as s')
      .select('s.id')
      .where('s.broadcast_id', '=', broadcastId)
      .where('s.ended', '=', false)
      // Another recorder of it that still writes: it will say so.
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('recordings_take as t')
            .select('t.id')
            .whereRef('t.sighting_id', '=', 's.id')
            .where('t.state', '=', 'open'),
        ),
      )
      .executeTakeFirst();
    if (open) return false;
  }
  await db
    .updateTable('recordings_take')
    .set({ state: 'closed', ended_at: row.last_at, why: 'silence' })
    .where('broadcast_id', '=', broadcastId)
    .where('state', '=', 'open')
    .execute();
  await measureLoss(tx, broadcastId);
  const ended = await db
    .updateTable('recordings_broadcast')
    .set({ state: 'ended', ended_at: sql<Date>`last_at`, told_at: sql<Date>`coalesce(told_at, now())` })
    .where('id', '=', broadcastId)
    .where('state', '=', 'live')
    .returningAll()
    .executeTakeFirstOrThrow();
  if (row.told_at !== null) return true;
  const sightings = await db
    .selectFrom('recordings_sighting')
    .select(['id', 'node_id as nodeId', 'flow_version as flowVersion'])
    .where('broadcast_id', '=', broadcastId)
    .orderBy('id')
    .execute();
  await kernel.events.append(tx, [
    {
      projectId: ended.project_id,
      kind: 'recordings.broadcast.closed',
      subject: { kind: 'broadcast', id: broadcastId },
      body: {
        channelId: ended.channel_id,
        name: ended.channel_name,
        title: ended.title,
        startedAt: ended.started_at.toISOString(),
        endedAt: ended.last_at.toISOString(),
        lossMs: Math.round(ended.loss_ms),
        bytes: Number(ended.bytes),
        segments: ended.segments,
        by: how.by,
        nodeId: how.nodeId,
        // What its nodes call it, and the flow that they were given: one that was cut off may have begun it by that name.
        sightings,
      },
    },
  ]);
  return true;
}

/** Media is coming again: a node that was away had gone on, or the source came back. */
export async function resume(tx: Tx, broadcastId: string, wall: number): Promise<void> {
  await tables(tx)
    .updateTable('recordings_broadcast')
    .set({ state: 'live', ended_at: null })
    .where('id', '=', broadcastId)
    .where('state', '=', 'ended')
    .where('last_at', '<', new Date(wall))
    .execute();
}
