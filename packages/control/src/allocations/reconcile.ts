import { type AllocationState, endingPhrases, type Id, type NodeMessages, reason } from '@backlot/contract';
import { sql } from 'kysely';
import { runChange } from '../tasks/change.ts';
import { clearUnreachable } from './apply-report.ts';
import { concludeAllocation } from './conclude.ts';
import type { ReportDeps } from './reports.ts';
import { lockAllocations, tellChanged } from './rows.ts';

/** What the database says of an allocation, as far as comparing goes. */
export interface ExpectedAllocation {
  readonly id: Id;
  readonly fence: number;
  readonly state: AllocationState;
  readonly cpu_held: boolean;
  /** The grace of a request to stop is over. */
  readonly overdue: boolean;
}
type Listed = NodeMessages['heartbeat']['allocations'][number];

/** What follows from comparing a node's list with ours. */
export interface Differences {
  /** The node must end these: they are not its own, or not any more. */
  readonly end: readonly { allocation: Id; fence: number }[];
  /** Unknown no longer. */
  readonly found: readonly Id[];
  /** The node should have these and doesn't say so. */
  readonly missing: readonly Id[];
  readonly repeatStop: readonly (ExpectedAllocation & { readonly kill: boolean })[];
  readonly repeatThaw: readonly ExpectedAllocation[];
  readonly repeatFreeze: readonly ExpectedAllocation[];
}

/** Compares what a node says it runs with what it should. Pure. */
export function compare(expected: readonly ExpectedAllocation[], listed: readonly Listed[]): Differences {
  const ours = new Map(expected.map((row) => [row.id, row]));
  const theirs = new Map(listed.map((entry) => [entry.allocation, entry]));
  const both = expected.flatMap((row) => {
    const entry = theirs.get(row.id);
    return entry && entry.fence === row.fence ? [{ row, entry }] : [];
  });
  return {
    // What has ended there only waits for its report to be answered.
    end: listed
      .filter((entry) => entry.state !== 'ended' && ours.get(entry.allocation)?.fence !== entry.fence)
      .map(({ allocation, fence }) => ({ allocation, fence })),
    found: both.filter(({ row }) => row.state === 'unknown').map(({ row }) => row.id),
    missing: expected
      .filter((row) => row.state !== 'offered' && theirs.get(row.id)?.fence !== row.fence)
      .map((row) => row.id),
    repeatStop: both
      .filter(({ row, entry }) => row.state === 'stopping' && entry.state !== 'ended')
      .filter(({ row, entry }) => row.overdue || entry.state !== 'stopping')
      .map(({ row }) => ({ ...row, kill: row.overdue })),
    repeatThaw: both
      .filter(({ row, entry }) => row.state === 'frozen' && row.cpu_held && entry.state === 'frozen')
      .map(({ row }) => row),
    repeatFreeze: both
      .filter(({ row, entry }) => row.state === 'running' && !row.cpu_held && entry.state === 'running')
      .map(({ row }) => row),
  };
}

/** How long a node may leave out what it has accepted, while it adopts after a restart, before it counts as gone. */
const forgottenAfterMs = 20_000;

/** Acts on the differences. What is missing is given away only when it stays so. */
export function createReconciler(deps: ReportDeps) {
  const missingSince = new Map<string, number>();

  return async (nodeId: Id, heartbeat: NodeMessages['heartbeat']) => {
    const { rows } = await sql<ExpectedAllocation>`
      SELECT id, fence, state, cpu_held, coalesce(stop_at < now(), false) AS overdue
      FROM allocation WHERE node_id = ${nodeId} AND state <> 'ended'
    `.execute(deps.db);
    const found = compare(rows, heartbeat.allocations);
    if (found.found.length > 0) await restoreUnknown(deps, nodeId, found.found);
    for (const row of found.repeatStop) {
      deps.nodes().send(nodeId, 'stop', {
        allocation: row.id,
        fence: row.fence,
        graceMs: row.kill ? 0 : 1_000,
        why: 'canceled',
      });
    }
    for (const { id, fence } of found.repeatThaw) {
      deps.nodes().send(nodeId, 'thaw', { allocation: id, fence });
    }
    for (const { id, fence } of found.repeatFreeze) {
      deps.nodes().send(nodeId, 'freeze', { allocation: id, fence });
    }
    await giveUpForgotten(found.missing, rows);
    return found.end.map(({ allocation, fence }) => ({ allocation, fence }));
  };

  async function giveUpForgotten(
    missing: readonly Id[],
    expected: readonly ExpectedAllocation[],
  ): Promise<void> {
    const now = deps.now();
    const still = new Set(missing);
    for (const row of expected) if (!still.has(row.id)) missingSince.delete(row.id);
    for (const id of missing) {
      const since = missingSince.get(id) ?? now;
      missingSince.set(id, since);
      if (now - since < forgottenAfterMs) continue;
      missingSince.delete(id);
      await giveUp(id);
    }
  }

  async function giveUp(id: Id): Promise<void> {
    const place = await deps.db
      .selectFrom('allocation')
      .select('job_id')
      .where('id', '=', id)
      .executeTakeFirst();
    if (!place) return;
    await runChange(deps, async (change) => {
      await change.ledger.lock([place.job_id]);
      const row = (await lockAllocations(change.tx, [id]))[0];
      if (!row || row.state === 'ended') return;
      await concludeAllocation(deps, change, row, {
        outcome: row.stop_why === 'canceled' ? 'canceled' : 'lost',
        reason: reason(endingPhrases, 'end.forgotten', { node: row.node_name }),
      });
    });
  }
}

/**
 * The node is back with the same epoch: what was unknown is again what it was. A request to stop that could not be
 * sent meanwhile is sent by the next heartbeat's comparison.
 */
export async function restoreUnknown(deps: ReportDeps, nodeId: Id, ids?: readonly Id[]): Promise<void> {
  const { rows: lost } = await sql<{ id: Id; job_id: Id | null }>`
    SELECT id, job_id FROM allocation WHERE node_id = ${nodeId} AND state = 'unknown'
  `.execute(deps.db);
  const wanted = lost.filter((row) => ids === undefined || ids.includes(row.id));
  if (wanted.length === 0) return;
  await runChange(deps, async (change) => {
    await change.ledger.lock(wanted.map((row) => row.job_id));
    const locked = await lockAllocations(
      change.tx,
      wanted.map((row) => row.id),
    );
    const unknown = locked.filter((row) => row.state === 'unknown');
    await sql`
      UPDATE allocation SET state = coalesce(known_state, 'accepted'), known_state = NULL
      WHERE id = ANY(${unknown.map((row) => row.id)}::uuid[])
    `.execute(change.tx);
    await clearUnreachable(
      change,
      unknown.map((row) => row.task_id),
    );
    for (const row of unknown) tellChanged(change, row, row.known_state ?? 'accepted');
  });
}
