import type { EventReaction, Kernel, Tx } from '@backlot/control/workload';
import { REACHABLE_FACT, UNREACHABLE_FACT } from '../../contract.ts';
import { groupOfEvent, matchesAny, namesOf, noticeOf } from '../notices/event-notice.ts';
import { enqueue } from '../outbox/enqueue.ts';
import { type SubscriptionRow, tables } from '../tables.ts';

/** A new subscription hears of what happens from so long after it on. */
const keptMs = 2_000;

/** Subscriptions of one installation, read seldom: events are many. */
const kept = new WeakMap<Kernel, { readonly at: number; readonly rows: readonly SubscriptionRow[] }>();

/**
 * Events that somebody wants to hear of become messages. Tasks and allocations are left out: there are thousands, and
 * their jobs and flows say what matters of them.
 */
export const subscriptionReaction: EventReaction = {
  name: 'deliveries.subscriptions',
  kinds: [
    'deliveries.*',
    'disk.*',
    'flow.*',
    'job.*',
    'node.*',
    'recordings.*',
    'renders.*',
    'rooms.*',
    'streams.*',
    'transcodes.*',
  ],
  async react(event, kernel) {
    // What nodes find out about a target, each upload for itself: the one alarm that comes of it is told.
    if (event.kind === UNREACHABLE_FACT || event.kind === REACHABLE_FACT) return;
    const names = namesOf(event);
    const wanted = (await subscriptions(kernel)).filter(
      (one) =>
        // What belongs to no project (nodes, disks) is everybody's to hear.
        (event.projectId === null || event.projectId === one.project_id) &&
        matchesAny(one.kinds, names) &&
        // That a target is down can't be told to that target.
        !(event.subject.kind === 'delivery-target' && event.subject.id === one.target_id),
    );
    if (wanted.length === 0) return;
    await kernel.transaction(async (tx) => {
      const off = await switchedOff(tx, wanted);
      for (const one of wanted) {
        // Nobody waits for it: news are not kept for a target that is switched off.
        if (off.has(one.target_id)) continue;
        const notice = noticeOf(event, one.language, `${kernel.publicUrl()}/events`);
        await enqueue(tx, {
          targetId: one.target_id,
          projectId: one.project_id,
          occasion: `event:${event.id}:${one.id}`,
          group: groupOfEvent(event, notice),
          notice,
          payload: { type: event.kind, data: { id: event.id, subject: event.subject, body: event.body } },
        });
      }
    });
  },
};

async function switchedOff(tx: Tx, wanted: readonly SubscriptionRow[]): Promise<ReadonlySet<string>> {
  const rows = await tables(tx)
    .selectFrom('delivery_target')
    .select('id')
    .where(
      'id',
      'in',
      wanted.map((one) => one.target_id),
    )
    .where('enabled', '=', false)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

async function subscriptions(kernel: Kernel): Promise<readonly SubscriptionRow[]> {
  const now = kernel.clock.monotonic();
  const known = kept.get(kernel);
  if (known && now - known.at < keptMs) return known.rows;
  const rows = await tables(kernel.db)
    .selectFrom('delivery_subscription')
    .selectAll()
    .where('enabled', '=', true)
    .execute();
  kept.set(kernel, { at: now, rows });
  return rows;
}
