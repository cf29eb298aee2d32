import type { ControlMessages, Id, Reason } from '@backlot/contract';
import { sql } from 'kysely';
import type { NodeLinks } from '../kernel.ts';
import type { Change } from '../tasks/change.ts';
import { type ConcludeDeps, concludeAllocation, stopReasonFor } from './conclude.ts';
import { lockAllocations, type OpenAllocation, openAllocationsOf, tellChanged } from './rows.ts';
import { outcomeOfStop, type StopReason } from './verdict.ts';

export interface StopDeps extends ConcludeDeps {
  readonly nodes: () => NodeLinks;
}

/** Who asks, and why. */
export interface StopRequest {
  readonly why: StopReason;
  /** A person's name, for `canceled` and `taken-back`. */
  readonly who: string;
}

const wireWhy: Readonly<Record<StopReason, ControlMessages['stop']['why']>> = {
  canceled: 'canceled',
  preempted: 'preempted',
  drained: 'drained',
  'taken-back': 'preempted',
  lost: 'lost',
};

/** A request to stop is repeated with no grace when the process has not ended this long after its grace. */
export const stopMarginMs = 5_000;

/**
 * Asks allocations to stop; their jobs are locked. What they hold is given back only when the node confirms the
 * end, or is lost: kill and confirm before release, or the same frame is rendered twice. An offer that nobody has
 * answered is simply withdrawn: its fence is void, so that a node that accepts it now is told to forget it.
 */
export async function stopAllocations(
  deps: StopDeps,
  change: Change,
  allocationIds: readonly Id[],
  { why, who }: StopRequest,
): Promise<void> {
  const open = (await lockAllocations(change.tx, allocationIds)).filter((row) => row.state !== 'ended');
  const graces = await stopGraces(change, open);
  for (const allocation of open) {
    const text = stopReasonFor(why, allocation.node_name, who);
    if (allocation.state === 'offered') {
      await concludeAllocation(deps, change, allocation, { outcome: outcomeOfStop[why], reason: text });
      change.afterCommit(() => sendStop(deps, allocation, 0, 'stale'));
    } else {
      await requestStop(change, allocation, why, text, graces.get(allocation.task_id) ?? 0);
      const grace = graces.get(allocation.task_id) ?? 0;
      change.afterCommit(() => sendStop(deps, allocation, grace, wireWhy[why]));
    }
  }
}

/** The same by task: whatever of these tasks is open. */
export async function stopTasks(
  deps: StopDeps,
  change: Change,
  taskIds: readonly Id[],
  request: StopRequest,
): Promise<void> {
  await stopAllocations(deps, change, await openAllocationsOf(change.tx, taskIds), request);
}

function sendStop(
  deps: StopDeps,
  allocation: OpenAllocation,
  graceMs: number,
  why: ControlMessages['stop']['why'],
): void {
  deps.nodes().send(allocation.node_id, 'stop', {
    allocation: allocation.id,
    fence: allocation.fence,
    graceMs,
    why,
  });
}

async function requestStop(
  change: Change,
  allocation: OpenAllocation,
  why: StopReason,
  text: Reason,
  graceMs: number,
): Promise<void> {
  // A second request doesn't prolong the first, but a person's cancel outweighs a preemption.
  const again = allocation.stop_why !== null;
  if (again && why !== 'canceled') return;
  // An unreachable node can't be asked; it will be when it comes back, and is lost otherwise.
  const unknown = allocation.state === 'unknown';
  await change.tx
    .updateTable('allocation')
    .set({
      stop_why: why,
      reason: JSON.stringify(text),
      ...(again
        ? {}
        : { stop_at: sql<Date>`now() + ${graceMs + stopMarginMs}::float8 * interval '1 millisecond'` }),
      ...(unknown ? { known_state: 'stopping' as const } : { state: 'stopping' as const }),
    })
    .where('id', '=', allocation.id)
    .execute();
  if (again || unknown) return;
  tellChanged(change, allocation, 'stopping', { why });
}

async function stopGraces(
  change: Change,
  allocations: readonly OpenAllocation[],
): Promise<Map<string, number>> {
  const ids = allocations.map((row) => row.task_id);
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; grace: number | null }>`
    SELECT id, (spec->'limits'->>'stopGraceMs')::int AS grace FROM task WHERE id = ANY(${ids}::uuid[])
  `.execute(change.tx);
  return new Map(rows.map((row) => [row.id, row.grace ?? 5_000]));
}
