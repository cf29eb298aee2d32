import { type LiveUpdate, LiveUpdate as LiveUpdateSchema, newId } from '@backlot/contract';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Tx } from '../db/schema.ts';
import type { EventDraft, EventLog, Fabric } from '../kernel.ts';

/** Fabric subjects. Both may be lost: readers look again every few seconds. */
export const eventSubjects = { appended: 'events.appended', live: 'events.live' } as const;

/** What goes over the fabric for open pages. */
export const LiveMessage = z.object({ update: LiveUpdateSchema, projectId: z.string().nullable() });
export type LiveMessage = z.infer<typeof LiveMessage>;

/** Writes events beside the changes that they tell of, and tells readers on every replica. */
export function createEventLog(fabric: Fabric): EventLog {
  return {
    async append(tx: Tx, events: readonly EventDraft[]): Promise<void> {
      if (events.length === 0) return;
      const rows = events.map((event) => ({
        id: newId(),
        project_id: event.projectId,
        kind: event.kind,
        subject_kind: event.subject.kind,
        subject_id: event.subject.id,
        body: event.body ?? {},
      }));
      // The transaction's id is read below the row source, so it is assigned before the first sequence number is
      // taken. Readers rely on it: see log-tail.ts.
      await sql`
        INSERT INTO event (id, txid, project_id, kind, subject_kind, subject_id, body)
        SELECT e.id, mine.txid, e.project_id, e.kind, e.subject_kind, e.subject_id, e.body
        FROM (SELECT pg_current_xact_id() AS txid OFFSET 0) mine
        CROSS JOIN ROWS FROM (
          jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
            AS (id uuid, project_id uuid, kind text, subject_kind text, subject_id text, body jsonb)
        ) WITH ORDINALITY AS e (id, project_id, kind, subject_kind, subject_id, body, place)
        ORDER BY e.place`.execute(tx);
    },
    wake: () => fabric.publish(eventSubjects.appended, null),
    live: (update: LiveUpdate, projectId: string | null) =>
      fabric.publish(eventSubjects.live, { update, projectId } satisfies LiveMessage),
  };
}
