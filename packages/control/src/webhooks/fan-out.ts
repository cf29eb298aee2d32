import { type Event, newId } from '@backlot/contract';
import type { Db, Tx } from '../db/schema.ts';
import { matchesKind } from '../events/kinds.ts';

/**
 * Notes for every event which webhooks are to get it. In the transaction that remembers how far the log was read,
 * so that each delivery is made once.
 * @returns how many deliveries were made
 */
export async function fanOut(tx: Tx, events: readonly Event[]): Promise<number> {
  const projects = [...new Set(events.flatMap((event) => event.projectId ?? []))];
  if (projects.length === 0) return 0;
  const webhooks = await tx
    .selectFrom('webhook')
    .select(['id', 'project_id', 'kinds'])
    .where('enabled', '=', true)
    .where('project_id', 'in', projects)
    .execute();
  const rows = events.flatMap((event) =>
    webhooks
      .filter((webhook) => webhook.project_id === event.projectId && matchesKind(webhook.kinds, event.kind))
      .map((webhook) => ({
        id: newId(),
        webhook_id: webhook.id,
        event_seq: event.seq,
        event_kind: event.kind,
        next_at: new Date(event.at),
      })),
  );
  if (rows.length === 0) return 0;
  await tx
    .insertInto('webhook_delivery')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['webhook_id', 'event_seq']).doNothing())
    .execute();
  return rows.length;
}

/** Deletes deliveries that are over and older than so many days. */
export async function forgetDeliveries(db: Db, days: number, now: number): Promise<void> {
  await db
    .deleteFrom('webhook_delivery')
    .where('state', '!=', 'pending')
    .where('at', '<', new Date(now - days * 24 * 3600 * 1000))
    .execute();
}
