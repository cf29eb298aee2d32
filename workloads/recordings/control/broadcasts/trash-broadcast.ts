import { BacklotError, kernelErrors } from '@backlot/contract';
import type { Actor, Kernel, Tx } from '@backlot/control/workload';
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

/** Takes a broadcast out of the trash. @throws not_found, trash_emptied */
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
    await kernel.artifacts.restore(tx, await filesOf(tx, id), actor);
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
