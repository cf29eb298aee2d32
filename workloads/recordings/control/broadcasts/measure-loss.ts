import type { Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { tables } from '../tables.ts';
import { apart, lengthOf, remainingHoles, type Span } from './loss.ts';

/**
 * Writes how much of a broadcast is missing. Only what recorders have told as holes can be missing, so segments are asked for
 * only where there is a hole.
 */
export async function measureLoss(tx: Tx, broadcastId: string): Promise<void> {
  const holes = await holesOf(tx, broadcastId);
  await tables(tx)
    .updateTable('recordings_broadcast')
    .set({ loss_ms: lengthOf(holes) })
    .where('id', '=', broadcastId)
    .execute();
}

/** What is missing of a broadcast, in wall time. */
export async function holesOf(tx: Tx, broadcastId: string): Promise<Span[]> {
  const db = tables(tx);
  const gaps = await db
    .selectFrom('recordings_gap')
    .select(['sighting_id', 'from_at', 'to_at'])
    .where('broadcast_id', '=', broadcastId)
    .execute();
  if (gaps.length === 0) return [];
  const spans = groupSpans(gaps.map((gap) => [gap.sighting_id, gap.from_at, gap.to_at]));
  const holes = new Map([...spans].map(([recorder, own]) => [recorder, apart(own)]));
  if (holes.size < 2 && (await sightings(tx, broadcastId)) < 2) return remainingHoles(holes, new Map());
  const media = await db
    .selectFrom('recordings_segment as s')
    .innerJoin('recordings_take as t', 't.id', 's.take_id')
    .select(['t.sighting_id', 's.first_at', 's.last_at'])
    .where('s.broadcast_id', '=', broadcastId)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('recordings_gap as g')
          .select('g.ms')
          .where('g.broadcast_id', '=', broadcastId)
          .whereRef('g.from_at', '<', 's.last_at')
          .whereRef('g.to_at', '>', 's.first_at'),
      ),
    )
    .execute();
  return remainingHoles(holes, groupSpans(media.map((one) => [one.sighting_id, one.first_at, one.last_at])));
}

async function sightings(tx: Tx, broadcastId: string): Promise<number> {
  const row = await tables(tx)
    .selectFrom('recordings_sighting')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('broadcast_id', '=', broadcastId)
    .executeTakeFirst();
  return row?.count ?? 0;
}

function groupSpans(rows: readonly (readonly [string, Date, Date])[]): Map<string, Span[]> {
  const groups = new Map<string, Span[]>();
  for (const [key, from, to] of rows) {
    const span = { from: from.getTime(), to: to.getTime() };
    const group = groups.get(key);
    if (group) group.push(span);
    else groups.set(key, [span]);
  }
  return groups;
}
