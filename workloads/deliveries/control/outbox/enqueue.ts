import { newId } from '@backlot/contract';
import type { Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { Notice } from '../../contract.ts';
import { tables } from '../tables.ts';

export interface Draft {
  readonly targetId: string;
  readonly projectId: string;
  /** Names the occasion; the same twice is one message. */
  readonly occasion: string;
  /** Messages of one group are told together when there are many; null for those that programs want each. */
  readonly group: string | null;
  readonly notice: Notice;
  readonly payload?: { readonly type: string; readonly data: unknown };
  /** Why it will have to wait, where that is known already. */
  readonly fault?: string | undefined;
}

/** Of a group at most one message goes out in so long; the others are counted, and told together at its end. */
export const windowS = 600;
/** All groups of a target together: what comes on top in the same time is told together, whatever it is about. */
export const mostPerWindow = 30;
/** The group of what is told together, whatever it is about. */
export const overflow = '…';
/** Titles that a summary lists. */
export const listedTitles = 20;

/**
 * Puts a message into the outbox, in the caller's transaction: what is in there goes out, whatever happens to the process.
 * Locks the group's row, so that two that come at once are one and one counted.
 *
 * @returns whether it goes out by itself, or is counted; nothing when it was there already
 */
export async function enqueue(tx: Tx, draft: Draft): Promise<'pending' | 'folded' | undefined> {
  const db = tables(tx);
  const known = await db
    .selectFrom('delivery_message')
    .select('id')
    .where('target_id', '=', draft.targetId)
    .where('occasion', '=', draft.occasion)
    .executeTakeFirst();
  if (known) return undefined;
  const group = draft.group === null ? null : await groupOf(tx, draft.targetId, draft.group);
  const folded = group !== null && (await fold(tx, draft.targetId, group, draft.notice.title));
  await db
    .insertInto('delivery_message')
    .values({
      id: newId(),
      project_id: draft.projectId,
      target_id: draft.targetId,
      occasion: draft.occasion,
      group_key: group ?? '',
      notice: JSON.stringify(draft.notice),
      payload: draft.payload === undefined ? null : JSON.stringify(draft.payload),
      state: folded ? 'folded' : 'pending',
      fault: folded ? null : (draft.fault ?? null),
      next_at: folded ? null : sql<Date>`now()`,
      ended_at: folded ? sql<Date>`now()` : null,
    })
    .onConflict((conflict) => conflict.columns(['target_id', 'occasion']).doNothing())
    .execute();
  return folded ? 'folded' : 'pending';
}

/** Its own group, or the one of all that is too much. */
async function groupOf(tx: Tx, targetId: string, group: string): Promise<string> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM delivery_message
    WHERE target_id = ${targetId} AND state <> 'folded' AND group_key <> ''
      AND created_at > now() - make_interval(secs => ${windowS})`.execute(tx);
  return (rows[0]?.count ?? 0) >= mostPerWindow ? overflow : group;
}

/** @returns true when one of the group has gone out already and this one is only counted */
async function fold(tx: Tx, targetId: string, group: string, title: string): Promise<boolean> {
  // Opens a window, or counts; the row's lock makes the others wait. `xmax = 0` says that it was inserted.
  const { rows } = await sql<{ opened: boolean }>`
    INSERT INTO delivery_group AS g (target_id, group_key, until)
    VALUES (${targetId}, ${group}, now() + make_interval(secs => ${windowS}))
    ON CONFLICT (target_id, group_key) DO UPDATE SET
      folded = g.folded + 1,
      titles = CASE WHEN jsonb_array_length(g.titles) < ${listedTitles}
                    THEN g.titles || ${JSON.stringify([title.slice(0, 200)])}::jsonb ELSE g.titles END
    RETURNING (g.xmax = 0) AS opened`.execute(tx);
  return rows[0]?.opened === false;
}

/**
 * Closes windows that have passed: what was counted in one becomes one message, which opens the next, so that a fault that
 * goes on is told once in ten minutes.
 *
 * @returns how many messages were made
 */
export async function closeWindows(tx: Tx): Promise<number> {
  const { rows } = await sql<{
    target_id: string;
    group_key: string;
    folded: number;
    titles: string[];
    project_id: string;
    until: Date;
  }>`
    SELECT g.target_id, g.group_key, g.folded, g.titles, g.until, t.project_id
    FROM delivery_group g JOIN delivery_target t ON t.id = g.target_id
    WHERE g.until <= now() ORDER BY g.until LIMIT 50 FOR UPDATE OF g SKIP LOCKED`.execute(tx);
  let made = 0;
  for (const row of rows) {
    if (row.folded === 0) {
      await tables(tx)
        .deleteFrom('delivery_group')
        .where('target_id', '=', row.target_id)
        .where('group_key', '=', row.group_key)
        .execute();
      continue;
    }
    await tables(tx)
      .insertInto('delivery_message')
      .values({
        id: newId(),
        project_id: row.project_id,
        target_id: row.target_id,
        occasion: `together:${row.group_key}:${row.until.toISOString()}`.slice(0, 500),
        group_key: row.group_key,
        notice: JSON.stringify(summaryOf(row.folded, row.titles)),
        next_at: sql<Date>`now()`,
      })
      .onConflict((conflict) => conflict.columns(['target_id', 'occasion']).doNothing())
      .execute();
    await tables(tx)
      .updateTable('delivery_group')
      .set({ folded: 0, titles: '[]', until: sql<Date>`now() + make_interval(secs => ${windowS})` })
      .where('target_id', '=', row.target_id)
      .where('group_key', '=', row.group_key)
      .execute();
    made += 1;
  }
  return made;
}

/** When what is told together has happened. */
const times = {
  window: 'In the last ten minutes / 最近十分钟',
  'switched-off': 'While this target was switched off / 目标停用期间',
} as const;

/** In both languages: a group may have messages of either. */
export function summaryOf(
  count: number,
  titles: readonly string[],
  when: keyof typeof times = 'window',
): Notice {
  const more = count > titles.length ? [`… +${count - titles.length}`] : [];
  return {
    title: `${count} × ${titles[0] ?? ''}`.slice(0, 500),
    text: [`${times[when]}：${count}`, ...titles.map((title) => `• ${title}`), ...more].join('\n'),
    level: 'warning',
  };
}
