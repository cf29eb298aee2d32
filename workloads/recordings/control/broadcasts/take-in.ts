import type { EventReaction, Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import {
  BroadcastEnded,
  BroadcastStarted,
  FactEnvelope,
  factKinds,
  GapFact,
  SourceFact,
  TakeEnded,
  TakeStarted,
  TitleFact,
} from '../../contract/facts.ts';
import { type Gap, SEGMENT_KIND, SegmentMeta } from '../../contract/segment.ts';
import { runtimeOf } from '../runtime.ts';
import { tables } from '../tables.ts';
import { endBroadcast, resume } from './end-broadcast.ts';
import { measureLoss } from './measure-loss.ts';
import { channelOfJob, findBroadcast, type Seen } from './sightings.ts';

/** What the kernel's event of a fact says of the flow that was to follow. */
const NamedFlow = z.looseObject({ flow: z.object({ version: z.uuid() }) });

type Event = Parameters<EventReaction['react']>[0];
interface Told {
  readonly kernel: Kernel;
  readonly tx: Tx;
  readonly body: Record<string, unknown>;
  readonly jobId: string;
  readonly nodeId: string;
  readonly allocationId: string;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * Takes in what nodes tell of channels: facts and segments, in any order, late, and more than once. Everything is keyed by
 * ids that the nodes made, so that telling it again changes nothing.
 */
export const takeIn: EventReaction = {
  name: 'recordings.take-in',
  kinds: [...Object.values(factKinds), 'artifact.created'],
  async react(event, kernel) {
    if (event.kind === 'artifact.created') {
      if (event.body.kind === SEGMENT_KIND) await takeInSegment(event, kernel);
      return;
    }
    const handle = handlers[event.kind];
    const envelope = FactEnvelope.safeParse(event.body);
    if (!handle || !envelope.success || envelope.data.jobId === null) return;
    const { jobId, nodeId, allocationId, at } = envelope.data;
    await kernel.transaction((tx) =>
      handle({ kernel, tx, body: event.body, jobId, nodeId, allocationId, at: Date.parse(at) }),
    );
    // What a recorder says of its source counts from now on, and not from when it was told.
    if (event.kind === factKinds.source) runtimeOf(kernel).keeper.wake(jobId);
    kernel.events.wake();
  },
};

const handlers: Readonly<Record<string, (told: Told) => Promise<void>>> = {
  [factKinds.broadcastStarted]: async (told) => {
    const fact = BroadcastStarted.parse(told.body);
    const found = await findBroadcast(told.tx, seenBy(told, fact.broadcast, fact.startedWall, fact.title));
    if (!found) return;
    await resume(told.tx, found.broadcastId, fact.startedWall);
    if (!found.begun) return;
    await told.kernel.events.append(told.tx, [
      {
        projectId: found.channel.project_id,
        kind: 'recordings.broadcast.opened',
        subject: { kind: 'broadcast', id: found.broadcastId },
        body: { channelId: found.channel.id, name: found.channel.settings.name, title: fact.title ?? null },
      },
    ]);
  },

  [factKinds.broadcastEnded]: async (told) => {
    const fact = BroadcastEnded.parse(told.body);
    const found = await findBroadcast(told.tx, seenBy(told, fact.broadcast, fact.endedWall, fact.title));
    if (!found) return;
    const db = tables(told.tx);
    await db
      .updateTable('recordings_sighting')
      .set({ ended: true, flow_version: NamedFlow.safeParse(told.body).data?.flow.version ?? null })
      .where('id', '=', fact.broadcast)
      .execute();
    await db
      .updateTable('recordings_take')
      .set({ state: 'closed', ended_at: new Date(told.at), why: 'ended' })
      .where('sighting_id', '=', fact.broadcast)
      .where('state', '=', 'open')
      .execute();
    await endBroadcast(told.kernel, told.tx, found.broadcastId, { by: 'node', nodeId: told.nodeId });
  },

  [factKinds.takeStarted]: async (told) => {
    const fact = TakeStarted.parse(told.body);
    const found = await findBroadcast(told.tx, seenBy(told, fact.broadcast, told.at));
    if (!found) return;
    await tables(told.tx)
      .insertInto('recordings_take')
      .values({
        id: fact.take,
        broadcast_id: found.broadcastId,
        sighting_id: fact.broadcast,
        node_id: told.nodeId,
        number: fact.number,
        address: fact.address,
        started_at: new Date(told.at),
      })
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet({ address: fact.address, started_at: new Date(told.at), number: fact.number }),
      )
      .execute();
    await resume(told.tx, found.broadcastId, told.at);
  },

  [factKinds.takeEnded]: async (told) => {
    const fact = TakeEnded.parse(told.body);
    const found = await findBroadcast(told.tx, seenBy(told, fact.broadcast, told.at));
    if (!found) return;
    const over = { state: 'closed' as const, ended_at: new Date(told.at), why: fact.why };
    await tables(told.tx)
      .insertInto('recordings_take')
      .values({
        id: fact.take,
        broadcast_id: found.broadcastId,
        sighting_id: fact.broadcast,
        node_id: told.nodeId,
        number: fact.number,
        started_at: new Date(told.at),
        address: '',
        ...over,
      })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(over))
      .execute();
  },

  [factKinds.gap]: async (told) => {
    const fact = GapFact.parse(told.body);
    const found = await findBroadcast(told.tx, seenBy(told, fact.broadcast, fact.fromWall));
    if (!found) return;
    await noteGaps(told.tx, found.broadcastId, fact.broadcast, [fact]);
    await measureLoss(told.tx, found.broadcastId);
  },

  [factKinds.title]: async (told) => {
    const { title, broadcast } = TitleFact.parse(told.body);
    const channel = await channelOfJob(told.tx, told.jobId);
    if (!channel) return;
    await tables(told.tx)
      .updateTable('recordings_channel')
      .set({ title })
      .where('id', '=', channel.id)
      .execute();
    if (broadcast === undefined) return;
    const found = await findBroadcast(told.tx, seenBy(told, broadcast, told.at, title));
    if (!found) return;
    await tables(told.tx)
      .updateTable('recordings_broadcast')
      .set({ title })
      .where('id', '=', found.broadcastId)
      .execute();
  },

  [factKinds.source]: async (told) => {
    const { state, reason, words } = SourceFact.parse(told.body);
    const channel = await channelOfJob(told.tx, told.jobId);
    // One that was replaced says nothing about now.
    if (channel?.job_id !== told.jobId) return;
    await tables(told.tx)
      .updateTable('recordings_channel')
      .set({
        source_state: state,
        source_reason: reason ?? null,
        source_words: words ? JSON.stringify(words) : null,
      })
      .where('id', '=', channel.id)
      .execute();
  },
};

async function takeInSegment(event: Event, kernel: Kernel): Promise<void> {
  await kernel.transaction(async (tx) => {
    const artifact = await tx
      .selectFrom('artifact')
      .select(['id', 'job_id', 'task_id', 'size', 'meta', 'deleted_at', 'created_at'])
      .where('id', '=', event.subject.id)
      .executeTakeFirst();
    const meta = SegmentMeta.safeParse(artifact?.meta);
    if (!artifact?.job_id || !artifact.task_id || artifact.deleted_at !== null || !meta.success) return;
    const { broadcast, take, firstWall, lastWall, title, width, height, codecs } = meta.data;
    const by = await recorderOf(tx, artifact.id, artifact.task_id);
    if (!by) return;
    const seen: Seen = { sighting: broadcast, ...by, jobId: artifact.job_id, wall: firstWall, title };
    const found = await findBroadcast(tx, seen);
    if (!found) return;
    const db = tables(tx);
    const inserted = await db
      .insertInto('recordings_segment')
      .values({
        artifact_id: artifact.id,
        broadcast_id: found.broadcastId,
        take_id: take,
        number: meta.data.number,
        part: meta.data.part,
        container: meta.data.container,
        first_at: new Date(firstWall),
        last_at: new Date(lastWall),
        size: String(artifact.size),
        video_frames: meta.data.videoFrames,
        audio_frames: meta.data.audioFrames,
        torn: meta.data.torn ?? false,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('artifact_id')
      .executeTakeFirst();
    if (!inserted) return;
    await db
      .updateTable('recordings_broadcast')
      .set({
        bytes: sql<string>`bytes + ${String(artifact.size)}::bigint`,
        segments: sql<number>`segments + 1`,
        started_at: sql<Date>`least(started_at, ${new Date(firstWall)})`,
        last_at: sql<Date>`greatest(last_at, ${new Date(lastWall)})`,
        ...(width > 0 ? { width, height } : {}),
        ...(codecs.length > 0 ? { codecs } : {}),
        ...(title === undefined ? {} : { title }),
        // What has come now is in no copy yet, and nobody has thrown it away.
        verified_at: null,
        state: sql<'live' | 'ended'>`CASE WHEN state = 'removed' THEN 'ended' ELSE state END`,
        removed_at: null,
      })
      .where('id', '=', found.broadcastId)
      .execute();
    // A segment that was salvaged knows of holes that nobody lived to tell.
    await noteGaps(tx, found.broadcastId, broadcast, meta.data.gaps);
    await measureLoss(tx, found.broadcastId);
  });
  kernel.events.wake();
}

/** Writes holes down; told again, by a fact or by a segment, they are the same. */
async function noteGaps(
  tx: Tx,
  broadcastId: string,
  sighting: string,
  gaps: readonly z.infer<typeof Gap>[],
): Promise<void> {
  if (gaps.length === 0) return;
  await tables(tx)
    .insertInto('recordings_gap')
    .values(
      gaps.map(({ fromWall, toWall, ms, why, what }) => ({
        broadcast_id: broadcastId,
        sighting_id: sighting,
        from_at: new Date(fromWall),
        to_at: new Date(toWall),
        ms,
        why,
        what: what ?? null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Which attempt has made a segment: the artifact's own, or the task's newest that began before. */
async function recorderOf(tx: Tx, artifactId: string, taskId: string) {
  const holder = await tx
    .selectFrom('artifact_holder as h')
    .innerJoin('artifact as a', 'a.digest', 'h.digest')
    .select('h.node_id')
    .where('a.id', '=', artifactId)
    .executeTakeFirst();
  const attempt = await tx
    .selectFrom('allocation')
    .select(['id', 'node_id'])
    .where('task_id', '=', taskId)
    .orderBy('fence', 'desc')
    .execute();
  const its = attempt.find(({ node_id }) => node_id === holder?.node_id) ?? attempt[0];
  if (!its && !holder) return undefined;
  return { nodeId: holder?.node_id ?? its?.node_id ?? '', allocationId: its?.id ?? artifactId };
}

function seenBy(told: Told, sighting: string, wall: number, title?: string | undefined): Seen {
  const { nodeId, allocationId, jobId } = told;
  return { sighting, nodeId, allocationId, jobId, wall, title };
}
