import {
  type AllocationState,
  endingPhrases,
  type Failure,
  type Reason,
  reason,
  type StateReport,
  waitPhrases,
} from '@backlot/contract';
import { diskPause } from '@backlot/contract/phrases/agent';
import { sql } from 'kysely';
import type { Artifacts, NodeLinks } from '../kernel.ts';
import type { Change } from '../tasks/change.ts';
import type { TaskKind } from '../workload.ts';
import type { ConcludeDeps, Ending } from './conclude.ts';
import { type OpenAllocation, tellChanged } from './rows.ts';
import { outcomeOf, type StopReason } from './verdict.ts';

export interface ApplyDeps extends ConcludeDeps {
  readonly artifacts: Pick<Artifacts, 'commit'>;
  readonly findTaskKind: (kind: string) => TaskKind | undefined;
  readonly nodes: () => NodeLinks;
}

/**
 * Applies a report that was judged new and in order and does not end its allocation. The job and the allocation are
 * locked; the allocation and its task move, and cores that it no longer uses are given back.
 */
export async function applyReport(
  deps: ApplyDeps,
  change: Change,
  allocation: OpenAllocation,
  report: StateReport,
  next: AllocationState,
): Promise<void> {
  const cpuHeld = await moveCores(deps, change, allocation, next, report.reason);
  await change.tx
    .updateTable('allocation')
    .set({
      state: next,
      known_state: null,
      seq: report.seq,
      cpu_held: cpuHeld,
      // Why it is frozen stands with its task, where it goes when that is over; here it would be taken for why it ended.
      ...(report.reason && next !== 'frozen' ? { reason: JSON.stringify(report.reason) } : {}),
      ...(next === 'running' ? { started_at: sql<Date>`coalesce(started_at, now())` } : {}),
    })
    .where('id', '=', allocation.id)
    .execute();
  await moveTask(change, allocation, next, report.reason);
  if (next !== allocation.state) tellChanged(change, allocation, next);
}

/** Turns the outputs of a report into artifacts, whatever state it brings. */
export async function commitOutputs(
  deps: ApplyDeps,
  change: Change,
  allocation: OpenAllocation,
  report: StateReport,
): Promise<void> {
  if (report.outputs.length === 0) return;
  await deps.artifacts.commit(
    change.tx,
    {
      projectId: allocation.project_id,
      jobId: allocation.job_id,
      taskId: allocation.task_id,
      allocationId: allocation.id,
    },
    report.outputs,
  );
  change.ledger.touch(allocation.job_id, allocation.task_id);
  // It got over whatever it failed with before.
  await sql`UPDATE task SET failure = NULL WHERE id = ${allocation.task_id} AND failure IS NOT NULL`.execute(
    change.tx,
  );
}

/**
 * Frozen work gives its cores back; work that goes on must have got them before. A node that thawed something by
 * itself is told to freeze it again when there is no room.
 */
async function moveCores(
  deps: ApplyDeps,
  change: Change,
  allocation: OpenAllocation,
  next: AllocationState,
  because: Reason | undefined,
): Promise<boolean> {
  const cpu = { cpu: true, rest: false };
  const was = allocation.state === 'unknown' ? allocation.known_state : allocation.state;
  // Cores that it was given to go on with are of no use while its disk holds it.
  const holds = was !== 'frozen' || because?.code === diskPause;
  // The node's last heartbeat may have come before it: until the next one nobody takes its disk for well, and has this go on.
  if (next === 'frozen' && because?.code === diskPause) {
    await sql`
      UPDATE node_lease SET load = jsonb_set(load, '{disk,state}', '"low"')
      WHERE node_id = ${allocation.node_id} AND load -> 'disk' ->> 'state' = 'ok'
    `.execute(change.tx);
  }
  if (next === 'frozen' && holds && allocation.cpu_held) {
    change.usage.release(allocation.node_id, allocation.resources, cpu);
    change.wake('slot-free');
    return false;
  }
  if (next === 'running' && !allocation.cpu_held) {
    const { rows } = await sql<{ fits: boolean }>`
      SELECT cpu_used + ${allocation.resources.cpu}::float8 <= cpu_total AS fits
      FROM node_usage WHERE node_id = ${allocation.node_id} FOR NO KEY UPDATE
    `.execute(change.tx);
    if (rows[0]?.fits) {
      change.usage.take(allocation.node_id, allocation.resources, cpu);
      return true;
    }
    const { id, fence, node_id } = allocation;
    change.afterCommit(() => deps.nodes().send(node_id, 'freeze', { allocation: id, fence }));
  }
  return allocation.cpu_held;
}

/** @param because the node's own reason for freezing it; without one it was asked to */
async function moveTask(
  change: Change,
  allocation: OpenAllocation,
  next: AllocationState,
  because: Reason | undefined,
): Promise<void> {
  const task = { id: allocation.task_id };
  if (next === 'running') {
    await change.ledger.moveAndTell('running', [task], { only: ['placed', 'frozen'] });
  } else if (next === 'frozen') {
    const wait = because ?? reason(waitPhrases, 'wait.frozen', { node: allocation.node_name });
    await change.ledger.moveAndTell('frozen', [{ ...task, patch: { wait } }], { only: ['running'] });
    // Still frozen, perhaps for another reason.
    await sql`
      UPDATE task SET wait = ${JSON.stringify(wait)}::jsonb WHERE id = ${task.id} AND state = 'frozen'
    `.execute(change.tx);
  }
  if (allocation.state === 'unknown') await clearUnreachable(change, [allocation.task_id]);
}

/** The node has been heard of again: its tasks no longer wait for it. */
export async function clearUnreachable(change: Change, taskIds: readonly string[]): Promise<void> {
  await sql`
    UPDATE task SET wait = NULL WHERE id = ANY(${taskIds}::uuid[]) AND wait->>'code' = 'wait.unreachable'
  `.execute(change.tx);
}

/** How a report ends its allocation. Pure. */
export function endingOf(
  deps: Pick<ApplyDeps, 'findTaskKind'>,
  allocation: OpenAllocation,
  report: StateReport,
): Ending {
  const stopWhy = allocation.stop_why as StopReason | null;
  const outcome = outcomeOf(report.outcome, stopWhy);
  const common = {
    seq: report.seq,
    ...(report.usage ? { usage: report.usage } : {}),
  };
  if (outcome === 'ok') {
    const misfit = misfitOf(deps, allocation, report.result ?? {});
    if (misfit) return { ...common, outcome: 'failed', failure: misfit };
    return { ...common, outcome, result: report.result ?? {} };
  }
  if (outcome === 'failed') {
    return { ...common, outcome, ...(report.failure ? { failure: report.failure } : {}) };
  }
  const why =
    stopWhy === null
      ? (report.reason ?? reason(endingPhrases, 'end.stopped_by_node', { node: allocation.node_name }))
      : undefined;
  return { ...common, outcome, ...(why ? { reason: why } : {}) };
}

/** What is wrong with a result, as a failure; nothing when it fits what its kind promises. */
function misfitOf(
  deps: Pick<ApplyDeps, 'findTaskKind'>,
  allocation: OpenAllocation,
  result: Record<string, unknown>,
): Failure | undefined {
  const parsed = deps.findTaskKind(allocation.task_kind)?.result.safeParse(result);
  if (!parsed || parsed.success) return undefined;
  const kind = allocation.task_kind;
  const issue = parsed.error.issues[0];
  const problem = `${issue?.path.join('.') || 'result'}: ${issue?.message ?? 'invalid'}`;
  return {
    class: 'product',
    reason: reason(endingPhrases, 'failure.result_misfit', { kind, problem }),
    signature: `product:failure.result_misfit:${kind}`,
  };
}
