import { type FileValue, type Fired, fileValueOf } from '@backlot/contract';
import { type Kernel, type TriggerKind, toArtifact } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import { CHAT_KIND } from '../../contract/chat.ts';
import {
  type BroadcastEndedTrigger,
  broadcastEndedFacts,
  firedByBroadcast,
  matchesBroadcast,
} from '../../contract/flows/broadcast-ended.ts';
import {
  firedBySegment,
  type SegmentClosedTrigger,
  segmentClosedFacts,
} from '../../contract/flows/segment-closed.ts';
import { SEGMENT_KIND } from '../../contract/segment.ts';
import { tables } from '../tables.ts';

/** Written once when a broadcast is over and all that nodes have told is taken in. */
export const BROADCAST_CLOSED = 'recordings.broadcast.closed';

const Closed = z.looseObject({
  by: z.string().default(''),
  sightings: z
    .array(z.object({ id: z.string(), nodeId: z.string(), flowVersion: z.string().nullable().default(null) }))
    .default([]),
});

/** Runs the channel's own flow, or else the flows of the project that wait for broadcasts. */
export const broadcastEndedTrigger: TriggerKind<BroadcastEndedTrigger> = {
  ...broadcastEndedFacts,
  events: [BROADCAST_CLOSED],
  async fire({ subject, body }, kernel): Promise<Fired | null> {
    const db = tables(kernel.db);
    const row = await db
      .selectFrom('recordings_broadcast')
      .selectAll()
      .where('id', '=', subject.id)
      .where('state', '<>', 'removed')
      .executeTakeFirst();
    if (!row) return null;
    const told = Closed.parse(body);
    const [segments, chat, takes, channel] = await Promise.all([
      segmentsOf(kernel, row.id),
      chatOf(kernel, row.id, row.project_id),
      db
        .selectFrom('recordings_take')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .where('broadcast_id', '=', row.id)
        .executeTakeFirstOrThrow(),
      db
        .selectFrom('recordings_channel')
        .select(['settings'])
        .where('id', '=', row.channel_id)
        .executeTakeFirst(),
    ]);
    // Nothing came of it: no flow has anything to work on.
    if (segments.length === 0) return null;
    // The node that recorded it last may have begun the run while it was cut off. Ids of nodes are made in order of time.
    const last = told.sightings.toSorted((a, b) => a.id.localeCompare(b.id)).at(-1);
    const flow = channel?.settings.flow ?? null;
    const flowVersionId =
      flow === null ? null : (flow.versionId ?? (await kernel.flows.versionOf(flow.flowId)) ?? null);
    return {
      ...firedByBroadcast({
        sighting: last?.id ?? row.id,
        channelId: row.channel_id,
        channel: row.channel_name,
        title: row.title ?? '',
        startedWall: row.started_at.getTime(),
        endedWall: row.last_at.getTime(),
        lossMs: row.loss_ms,
        bytes: Number(row.bytes),
        takes: Number(takes.count),
        why: told.by,
        segments,
        chat,
      }),
      projectId: row.project_id,
      subject: { kind: 'broadcast', id: row.id },
      ...(flowVersionId === null ? {} : { flowVersionId }),
      // Only a channel's own flow is known to its node; it may have been another one, or a version before.
      ...(last && (flowVersionId !== null || last.flowVersion !== null)
        ? {
            alone: {
              nodeId: last.nodeId,
              ...(last.flowVersion === null ? {} : { versionId: last.flowVersion }),
            },
          }
        : {}),
    };
  },
  matches: matchesBroadcast,
};

const Created = z.looseObject({ kind: z.string() });

export const segmentClosedTrigger: TriggerKind<SegmentClosedTrigger> = {
  ...segmentClosedFacts,
  events: ['artifact.created'],
  async fire({ subject, body }, kernel): Promise<Fired | null> {
    if (Created.safeParse(body).data?.kind !== SEGMENT_KIND) return null;
    const artifact = await tables(kernel.db)
      .selectFrom('artifact')
      .selectAll()
      .where('id', '=', subject.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (!artifact || artifact.job_id === null) return null;
    const channel = await tables(kernel.db)
      .selectFrom('recordings_channel_job as job')
      .innerJoin('recordings_channel as channel', 'channel.id', 'job.channel_id')
      .select(['channel.id', 'channel.settings'])
      .where('job.job_id', '=', artifact.job_id)
      .executeTakeFirst();
    if (!channel) return null;
    const { holders, ...rest } = toArtifact(artifact);
    const segment = { ...fileValueOf(rest, { holders }), artifactId: artifact.id };
    return {
      ...firedBySegment({ channelId: channel.id, channel: channel.settings.name, segment }),
      projectId: artifact.project_id,
      subject: { kind: 'artifact', id: artifact.id },
    };
  },
  matches: ({ channels }, { data }) => channels.length === 0 || channels.includes(String(data.channelId)),
};

export const recordingTriggers: readonly TriggerKind[] = [broadcastEndedTrigger, segmentClosedTrigger];

/** Segments of a broadcast that are still there, in the order of their media. */
async function segmentsOf(kernel: Kernel, broadcastId: string): Promise<FileValue[]> {
  const rows = await tables(kernel.db)
    .selectFrom('recordings_segment as segment')
    .innerJoin('artifact', 'artifact.id', 'segment.artifact_id')
    .selectAll('artifact')
    .where('segment.broadcast_id', '=', broadcastId)
    .where('artifact.deleted_at', 'is', null)
    .orderBy('segment.first_at', 'asc')
    .orderBy('artifact.id', 'asc')
    .execute();
  return rows.map(asValue);
}

/** Chat of a broadcast that is still there. Its nodes name the broadcast as each of them calls it. */
async function chatOf(kernel: Kernel, broadcastId: string, projectId: string): Promise<FileValue[]> {
  const rows = await kernel.db
    .selectFrom('artifact')
    .selectAll()
    .where('kind', '=', CHAT_KIND)
    .where('project_id', '=', projectId)
    .where('deleted_at', 'is', null)
    .where(
      sql<boolean>`meta ->> 'broadcast' IN (
        SELECT ${broadcastId} UNION SELECT s.id::text FROM recordings_sighting s WHERE s.broadcast_id = ${broadcastId}::uuid)`,
    )
    .orderBy(sql`meta ->> 'take'`)
    .orderBy('id', 'asc')
    .execute();
  return rows.map(asValue);
}

function asValue(row: Parameters<typeof toArtifact>[0]): FileValue {
  const artifact = toArtifact(row);
  return fileValueOf(artifact, { artifactId: artifact.id, holders: artifact.holders });
}
