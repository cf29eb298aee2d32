import type { Tx } from '@backlot/control/workload';
import { lockChannel } from '../channels/keeper.ts';
import { type ChannelRow, tables } from '../tables.ts';
import { belongsTo } from './belongs.ts';

/** What a node saw, and when. */
export interface Seen {
  /** The node's id of the broadcast. */
  readonly sighting: string;
  readonly nodeId: string;
  readonly allocationId: string;
  readonly jobId: string;
  /** Wall time of what was seen. Milliseconds. */
  readonly wall: number;
  readonly title?: string | undefined;
}

/** A broadcast, found or begun, with its channel. */
export interface Found {
  readonly channel: ChannelRow;
  readonly broadcastId: string;
  /** It has just been begun. */
  readonly begun: boolean;
}

/** The channel that a job was for. Undefined: the channel was deleted with its project. */
export async function channelOfJob(tx: Tx, jobId: string): Promise<ChannelRow | undefined> {
  const job = await tables(tx)
    .selectFrom('recordings_channel_job')
    .select('channel_id')
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  return job && (await lockChannel(tx, job.channel_id));
}

/**
 * The broadcast that something belongs to which a node saw; begun when there is none. The channel stays locked until the end
 * of the transaction, so that two nodes that see the same one begin it once.
 */
export async function findBroadcast(tx: Tx, seen: Seen): Promise<Found | undefined> {
  const channel = await channelOfJob(tx, seen.jobId);
  if (!channel) return undefined;
  const db = tables(tx);
  const known = await db
    .selectFrom('recordings_sighting')
    .select('broadcast_id')
    .where('id', '=', seen.sighting)
    .executeTakeFirst();
  if (known) return { channel, broadcastId: known.broadcast_id, begun: false };
  const { silenceMs, name } = channel.settings;
  const near = await db
    .selectFrom('recordings_broadcast')
    .select(['id', 'started_at', 'last_at', 'told_at'])
    .where('channel_id', '=', channel.id)
    .where('state', '<>', 'removed')
    .where('last_at', '>=', new Date(seen.wall - silenceMs))
    .where('started_at', '<=', new Date(seen.wall + silenceMs))
    .execute();
  // One that its own node has called over is over: the same node begins another only after the silence, or when a person wants it.
  const closed = await db
    .selectFrom('recordings_sighting')
    .select('broadcast_id')
    .where('node_id', '=', seen.nodeId)
    .where('ended', '=', true)
    .where('broadcast_id', 'in', near.map(({ id }) => id).concat(seen.sighting))
    .execute();
  const over = new Set(closed.map(({ broadcast_id }) => broadcast_id));
  const candidates = near
    .filter(({ id }) => !over.has(id))
    // What was told as over has its flow already: media that comes behind it is another broadcast, else no flow would ever see it.
    .filter(({ told_at, last_at }) => told_at === null || last_at.getTime() > seen.wall)
    .map(({ id, started_at, last_at }) => ({ id, from: started_at.getTime(), to: last_at.getTime() }));
  const joined = belongsTo(seen.wall, silenceMs, candidates);
  const broadcastId = joined ?? seen.sighting;
  if (joined === undefined) {
    await db
      .insertInto('recordings_broadcast')
      .values({
        id: broadcastId,
        channel_id: channel.id,
        project_id: channel.project_id,
        channel_name: name,
        state: 'live',
        title: seen.title ?? channel.title,
        started_at: new Date(seen.wall),
        last_at: new Date(seen.wall),
      })
      .execute();
  }
  await db
    .insertInto('recordings_sighting')
    .values({
      id: seen.sighting,
      broadcast_id: broadcastId,
      node_id: seen.nodeId,
      allocation_id: seen.allocationId,
    })
    .execute();
  return { channel, broadcastId, begun: joined === undefined };
}
