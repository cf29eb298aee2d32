import type { AuditEntry, AuditQuery } from '@backlot/contract';
import { AuditEntry as AuditEntrySchema } from '@backlot/contract';
import { sql } from 'kysely';
import type { z } from 'zod';
import type { Db } from '../db/schema.ts';

/** The places at which text is looked for. */
const searched = ['actor_name', 'action', 'subject_kind', 'subject_id', 'before', 'after'] as const;

/** A text as a LIKE pattern that means just itself. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, (special) => `\\${special}`)}%`;
}

/**
 * Entries newest first, with one too many, which says that there is a next page.
 * @param projects those whose entries may be seen; `'all'` includes what has no project
 */
export async function readAudit(
  db: Db,
  query: z.output<typeof AuditQuery>,
  beforeSeq: number | undefined,
  projects: 'all' | readonly string[],
): Promise<AuditEntry[]> {
  let rows = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('seq', 'desc')
    .limit(query.limit + 1);
  if (projects !== 'all') {
    if (projects.length === 0) return [];
    rows = rows.where('project_id', 'in', projects);
  }
  if (beforeSeq !== undefined) rows = rows.where('seq', '<', beforeSeq);
  if (query.projectId !== undefined) rows = rows.where('project_id', '=', query.projectId);
  if (query.actor !== undefined) {
    const actor = query.actor;
    rows = rows.where((where) =>
      where.or([where('actor_id', '=', actor), where('actor_name', 'ilike', containing(actor))]),
    );
  }
  if (query.action !== undefined) rows = rows.where('action', '=', query.action);
  if (query.subjectKind !== undefined) rows = rows.where('subject_kind', '=', query.subjectKind);
  if (query.subjectId !== undefined) rows = rows.where('subject_id', '=', query.subjectId);
  if (query.from !== undefined) rows = rows.where('at', '>=', new Date(query.from));
  if (query.to !== undefined) rows = rows.where('at', '<', new Date(query.to));
  if (query.text !== undefined) {
    const pattern = containing(query.text);
    rows = rows.where((where) =>
      where.or(searched.map((column) => where(sql<string>`${sql.ref(column)}::text`, 'ilike', pattern))),
    );
  }
  return (await rows.execute()).map((row) => ({
    seq: row.seq,
    at: row.at.toISOString(),
    actor: {
      kind: AuditEntrySchema.shape.actor.shape.kind.catch('system').parse(row.actor_kind),
      id: row.actor_id,
      name: row.actor_name,
    },
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    projectId: row.project_id,
    before: row.before ?? null,
    after: row.after ?? null,
    requestId: row.request_id,
    address: row.address,
  }));
}
