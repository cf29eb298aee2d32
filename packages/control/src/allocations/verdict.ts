import {
  type AllocationOutcome,
  type AllocationState,
  allocationMachine,
  type StateReport,
} from '@backlot/contract';

/** An allocation as far as judging a report about it goes. */
export interface KnownAllocation {
  readonly node_id: string;
  readonly fence: number;
  readonly state: AllocationState;
  readonly known_state: AllocationState | null;
  readonly seq: number;
}

/**
 * apply         new and in order: `next` is the state that the allocation has then
 * duplicate     was applied before; the node may forget it
 * stale         the node doesn't own this any more, and must end the work
 * out-of-order  an earlier report is missing; the node sends again from there
 */
export type Verdict =
  | { readonly kind: 'apply'; readonly next: AllocationState; readonly unexpected: boolean }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'stale'; readonly why: 'unknown' | 'node' | 'fence' | 'ended' }
  | { readonly kind: 'out-of-order'; readonly expected: number };

/**
 * Judges a report against what the database knows. A report that is new and in order is always applied, also when
 * its state doesn't fit the table: refusing it would make the node send it for ever, and its outputs are real. Then
 * the state stays as it was and the report is counted as unexpected.
 */
export function judge(
  known: KnownAllocation | undefined,
  nodeId: string,
  report: Pick<StateReport, 'fence' | 'seq' | 'state'>,
): Verdict {
  if (!known) return { kind: 'stale', why: 'unknown' };
  if (known.node_id !== nodeId) return { kind: 'stale', why: 'node' };
  if (known.fence !== report.fence) return { kind: 'stale', why: 'fence' };
  if (report.seq <= known.seq) return { kind: 'duplicate' };
  if (known.state === 'ended') return { kind: 'stale', why: 'ended' };
  if (report.seq > known.seq + 1) return { kind: 'out-of-order', expected: known.seq + 1 };
  return { kind: 'apply', ...nextState(known, report.state) };
}

function nextState(
  { state, known_state }: KnownAllocation,
  reported: AllocationState,
): { next: AllocationState; unexpected: boolean } {
  if (reported === 'ended') return { next: 'ended', unexpected: false };
  // Whoever reports is not unknown any more; judge from where it was before.
  const from = state === 'unknown' ? (known_state ?? 'accepted') : state;
  if (reported === from) return { next: from, unexpected: false };
  // Sent before our request to stop arrived.
  if (from === 'stopping') return { next: 'stopping', unexpected: false };
  const ours = reported === 'offered' || reported === 'unknown';
  const allowed = !ours && allocationMachine.allows(from, reported);
  return allowed ? { next: reported, unexpected: false } : { next: from, unexpected: true };
}

/** Why the control plane asked an allocation to stop. */
export const stopReasons = ['canceled', 'preempted', 'drained', 'taken-back', 'lost'] as const;
export type StopReason = (typeof stopReasons)[number];

/** The outcome that a request to stop leads to. `preempted` is not charged and queues the task again. */
export const outcomeOfStop: Readonly<Record<StopReason, AllocationOutcome>> = {
  canceled: 'canceled',
  preempted: 'preempted',
  drained: 'preempted',
  'taken-back': 'preempted',
  lost: 'lost',
};

/**
 * The outcome that counts. Work that finished before the request to stop reached it has finished. Whatever else a
 * node says of work that we asked to stop, it ended because we asked. A node that ends work unasked (its agent is
 * being shut down) is not the task's fault.
 */
export function outcomeOf(
  reported: AllocationOutcome | undefined,
  stopWhy: StopReason | null,
): AllocationOutcome {
  if (reported === 'ok') return 'ok';
  if (stopWhy !== null) return outcomeOfStop[stopWhy];
  if (reported === undefined) return 'failed';
  return reported === 'canceled' ? 'preempted' : reported;
}
