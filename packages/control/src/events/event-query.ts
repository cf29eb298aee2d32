import type { Event, EventQuery } from '@backlot/contract';
import type { SelectQueryBuilder } from 'kysely';
import type { z } from 'zod';
import type { Db, Tables } from '../db/schema.ts';
import { matchesKind } from './kinds.ts';
import { toEvent } from './log-tail.ts';
import { sees, type Visibility } from './visibility.ts';

/** What a reader wants to see. All that is given must hold. */
export interface EventFilter {
  readonly projectId?: string | undefined;
  readonly kind?: string | undefined;
  readonly subjectKind?: string | undefined;
  readonly subjectId?: string | undefined;
}

/** Whether something passes the filter and may be seen; events and live updates alike. */
export function passes(
  filter: EventFilter,
  visibility: Visibility,
  item: {
    readonly projectId: string | null;
    readonly kind: string;
    readonly subject: { readonly kind: string; readonly id: string };
  },
): boolean {
  return (
    sees(visibility, item.projectId) &&
    (filter.projectId === undefined || filter.projectId === item.projectId) &&
    (filter.kind === undefined || matchesKind([filter.kind], item.kind)) &&
    (filter.subjectKind === undefined || filter.subjectKind === item.subject.kind) &&
    (filter.subjectId === undefined || filter.subjectId === item.subject.id)
  );
}

/** The same in SQL. */
function restrict<O>(
  rows: SelectQueryBuilder<Tables, 'event', O>,
  filter: EventFilter,
  visibility: Visibility,
): SelectQueryBuilder<Tables, 'event', O> {
  let query = rows;
  if (!visibility.all) {
    const projects = [...visibility.projects];
    query = query.where((where) =>
      where.or([
        where('project_id', 'is', null),
        ...(projects.length > 0 ? [where('project_id', 'in', projects)] : []),
      ]),
    );
  }
  if (filter.projectId !== undefined) query = query.where('project_id', '=', filter.projectId);
  if (filter.subjectKind !== undefined) query = query.where('subject_kind', '=', filter.subjectKind);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  const { kind } = filter;
  if (kind !== undefined && kind !== '*') {
    query = kind.endsWith('.*')
      ? query.where((where) =>
          where(where.fn<string>('left', ['kind', where.val(kind.length - 1)]), '=', kind.slice(0, -1)),
        )
      : query.where('kind', '=', kind);
  }
  return query;
}

/** Events between two numbers (the first excluded, the last included), oldest first. */
export async function eventsBetween(
  db: Db,
  after: number,
  until: number,
  filter: EventFilter,
  visibility: Visibility,
  limit: number,
): Promise<Event[]> {
  const rows = await restrict(db.selectFrom('event').selectAll(), filter, visibility)
    .where('seq', '>', after)
    .where('seq', '<=', until)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(toEvent);
}

/**
 * A page of events with one too many: newest first, or with `after` oldest first from there on.
 * @param settled the number up to which nothing can appear any more; readers that go forward stop there
 */
export async function listEvents(
  db: Db,
  query: z.output<typeof EventQuery>,
  cursorSeq: number | undefined,
  settled: number,
  visibility: Visibility,
): Promise<Event[]> {
  if (query.after !== undefined) {
    return await eventsBetween(db, cursorSeq ?? query.after, settled, query, visibility, query.limit + 1);
  }
  let rows = restrict(db.selectFrom('event').selectAll(), query, visibility)
    .orderBy('seq', 'desc')
    .limit(query.limit + 1);
  if (cursorSeq !== undefined) rows = rows.where('seq', '<', cursorSeq);
  return (await rows.execute()).map(toEvent);
}
