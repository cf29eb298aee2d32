import { BacklotError, kernelErrors } from '@backlot/contract';
import type { Actor, Db, Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { CHAT_KIND, CHAT_SUBTITLES_KIND, FILM_CHAT_KIND } from '../../contract/chat.ts';
import { recordingErrors } from '../../contract/errors.ts';
import { FILM_KIND } from '../../contract/segment.ts';
import { tables } from '../tables.ts';

/** What was made of segments here, and what was said to them. */
const madeKinds = [FILM_KIND, CHAT_KIND, FILM_CHAT_KIND, CHAT_SUBTITLES_KIND];

/** Segments, and films that were made of them here, each with its chat. Copies elsewhere are not ours to touch. */
export async function filesOf(tx: Tx, broadcastId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT s.artifact_id AS id FROM recordings_segment s WHERE s.broadcast_id = ${broadcastId}
    UNION
    SELECT a.id FROM artifact a JOIN recordings_broadcast b ON b.id = ${broadcastId} AND b.project_id = a.project_id
    WHERE a.kind IN (${sql.join(madeKinds)}) AND a.meta ->> 'broadcast' IN (
      SELECT ${broadcastId} UNION SELECT s.id::text FROM recordings_sighting s WHERE s.broadcast_id = ${broadcastId})
  `.execute(tx);
  return rows.map(({ id }) => id);
}

/**
 * Puts the files of a broadcast into the trash, from which they can be taken back for a day. What is known of it stays.
 * @param because `disk`: it goes before its time, for want of room
 * @throws not_found, broadcast_live, artifact_needed
 */
export async function trashBroadcast(
  kernel: Kernel,
  id: string,
  actor: Actor,
  because?: 'disk',
): Promise<void> {
  await kernel.transaction(async (tx) => {
    const row = await tables(tx)
      .selectFrom('recordings_broadcast')
      .select(['state', 'project_id', 'channel_name'])
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!row || row.state === 'removed') {
      throw new BacklotError(kernelErrors.not_found, { params: { what: 'broadcast', id } });
    }
    if (row.state === 'live') throw new BacklotError(recordingErrors.broadcast_live);
    await kernel.artifacts.trash(tx, await filesOf(tx, id), actor);
    await move(kernel, tx, id, row, actor, 'removed', because);
  });
  kernel.events.wake();
}

/** So long the kernel keeps what was put into the trash. Milliseconds. */
const trashMs = 24 * 3_600_000;

/**
 * Files `a` that can be taken back with a broadcast `b`. They went into the trash in the transaction that removed it, and so have
 * that moment: what a flow had deleted before is none of them. What nobody holds any more does not keep the others from coming
 * back.
 */
const takenBack = sql`
  artifact a JOIN blob ON blob.digest = a.digest
  WHERE a.deleted_at = b.removed_at AND a.project_id = b.project_id
    AND b.state = 'removed' AND b.removed_at > now() - ${trashMs} * interval '1 millisecond'
    AND (blob.stored OR EXISTS (SELECT FROM artifact_holder holder WHERE holder.digest = a.digest))
    AND (EXISTS (SELECT FROM recordings_segment s WHERE s.artifact_id = a.id AND s.broadcast_id = b.id)
      OR (a.kind IN (${sql.join(madeKinds)}) AND a.meta ->> 'broadcast' IN (
        SELECT b.id::text UNION SELECT s.id::text FROM recordings_sighting s WHERE s.broadcast_id = b.id)))`;

/** Those of broadcasts that can be taken out of the trash, and until when. */
export async function restorable(db: Db | Tx, ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; until: Date }>`
    SELECT b.id, b.removed_at + ${trashMs} * interval '1 millisecond' AS until
    FROM recordings_broadcast b WHERE b.id = ANY(${[...ids]}::uuid[]) AND EXISTS (SELECT FROM ${takenBack})
  `.execute(db);
  return new Map(rows.map(({ id, until }) => [id, until]));
}

/** Takes a broadcast out of the trash, with what went into it then and is still there. @throws not_found, broadcast_gone */
export async function restoreBroadcast(kernel: Kernel, id: string, actor: Actor): Promise<void> {
  await kernel.transaction(async (tx) => {
    const row = await tables(tx)
      .selectFrom('recordings_broadcast')
      .select(['state', 'project_id', 'channel_name'])
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (row?.state !== 'removed') {
      throw new BacklotError(kernelErrors.not_found, { params: { what: 'broadcast', id } });
    }
    const { rows } = await sql<{ id: string }>`
      SELECT files.id FROM recordings_broadcast b, LATERAL (SELECT a.id FROM ${takenBack}) files WHERE b.id = ${id}
    `.execute(tx);
    if (rows.length === 0) throw new BacklotError(recordingErrors.broadcast_gone);
    await kernel.artifacts.restore(
      tx,
      rows.map((file) => file.id),
      actor,
    );
    await move(kernel, tx, id, row, actor, 'restored');
  });
  kernel.events.wake();
}

async function move(
  kernel: Kernel,
  tx: Tx,
  id: string,
  row: { readonly project_id: string; readonly channel_name: string },
  actor: Actor,
  what: 'removed' | 'restored',
  because?: 'disk',
): Promise<void> {
  const removed = what === 'removed';
  await tables(tx)
    .updateTable('recordings_broadcast')
    .set(removed ? { state: 'removed', removed_at: sql<Date>`now()` } : { state: 'ended', removed_at: null })
    .where('id', '=', id)
    .execute();
  const subject = { kind: 'broadcast', id };
  await kernel.events.append(tx, [
    {
      projectId: row.project_id,
      kind: `recordings.broadcast.${what}`,
      subject,
      body: { name: row.channel_name, by: actor.name, ...(because ? { because } : {}) },
    },
  ]);
  await kernel.audit.record(tx, {
    actor,
    action: `broadcast.${what}`,
    subject,
    projectId: row.project_id,
    after: { name: row.channel_name, ...(because ? { because } : {}) },
  });
}
