import type { Failure, FailureClass, RetryPolicy } from '@backlot/contract';

/** All that the decision about a failed attempt depends on. */
export interface FailedAttempt {
  readonly failure: Failure;
  readonly retry: RetryPolicy;
  /** Attempts charged before this one. */
  readonly attempt: number;
  /**
   * The attempt committed outputs before it failed. Then the task is getting somewhere: its earlier failures are
   * forgiven, so that a long task survives many blows as long as each attempt brings it forward.
   */
  readonly progressed: boolean;
  /** Bytes of memory that the attempt was given. */
  readonly memory: number;
  /** Earlier attempts that ran out of memory. */
  readonly memoryRaises: number;
  /** Different nodes on which the task failed with this very signature, this one among them. */
  readonly nodesWithSignature: number;
  /** Attempts in a row, this one among them, that were not charged because the node was at fault. */
  readonly freeFailures: number;
}

/**
 * What to do about it.
 *
 * fail   for good
 * hold   until a person, or a new node, brings what is missing
 * again  after `delayMs`; `avoid` says how long to keep away from this node, and `strictly` whether also when
 *        there is no other
 */
export type RetryDecision =
  | { readonly kind: 'fail'; readonly charged: boolean; readonly why: 'hopeless' | 'attempts' | 'memory' }
  | { readonly kind: 'hold' }
  | {
      readonly kind: 'again';
      readonly charged: boolean;
      readonly delayMs: number;
      readonly avoid?: { readonly forMs: number; readonly strictly: boolean };
      /** Bytes for the next attempt. */
      readonly memory?: number;
    };

/** A task is given half as much again, at most so many times. */
export const memoryFactor = 1.5;
export const memorySteps = 3;
/** A node at fault is not charged to the task, but not without end either. */
const freeFailureLimit = 10;
const minute = 60_000;

interface ClassPolicy {
  /** What the first look decides; `again` goes on to count attempts. */
  readonly first: 'fail' | 'hold' | 'again';
  readonly charged: boolean;
  /** Attempts in all, when fewer than the task's own limit. */
  readonly attempts?: number;
  readonly avoid?: { readonly forMs: number; readonly strictly: boolean };
  /** The same signature on two nodes means that the fault is in the work and not in a machine. */
  readonly twoNodesProve: boolean;
}

/** The table behind the decision; reasons per class stand in `failure.ts` of the contract. */
const policies: Readonly<Record<FailureClass, ClassPolicy>> = {
  input: { first: 'fail', charged: true, twoNodesProve: false },
  product: { first: 'fail', charged: true, twoNodesProve: false },
  missing: { first: 'hold', charged: false, twoNodesProve: false },
  capability: {
    first: 'again',
    charged: false,
    avoid: { forMs: 30 * minute, strictly: true },
    twoNodesProve: false,
  },
  node: {
    first: 'again',
    charged: false,
    avoid: { forMs: 5 * minute, strictly: false },
    twoNodesProve: false,
  },
  memory: { first: 'again', charged: false, twoNodesProve: false },
  crash: {
    first: 'again',
    charged: true,
    avoid: { forMs: 30 * minute, strictly: false },
    twoNodesProve: true,
  },
  stall: {
    first: 'again',
    charged: true,
    attempts: 2,
    avoid: { forMs: 30 * minute, strictly: false },
    twoNodesProve: true,
  },
  output: {
    first: 'again',
    charged: true,
    attempts: 2,
    avoid: { forMs: 30 * minute, strictly: false },
    twoNodesProve: true,
  },
  transfer: { first: 'again', charged: true, twoNodesProve: false },
};

/** Decides what follows from a failed attempt. @param random in [0, 1), for the jitter of the back-off */
export function decideRetry(attempt: FailedAttempt, random: number): RetryDecision {
  const policy = policies[attempt.failure.class];
  if (policy.first === 'fail') return { kind: 'fail', charged: policy.charged, why: 'hopeless' };
  if (policy.first === 'hold') return { kind: 'hold' };

  if (attempt.failure.class === 'memory') {
    if (attempt.memoryRaises >= memorySteps) return { kind: 'fail', charged: true, why: 'memory' };
    return {
      kind: 'again',
      charged: false,
      delayMs: backoffMs(attempt.retry, 1, random),
      memory: raisedMemory(attempt.memory, attempt.failure.peakMemory),
    };
  }

  const free = !policy.charged && attempt.freeFailures < freeFailureLimit;
  const before = attempt.progressed ? 0 : attempt.attempt;
  const failures = free ? attempt.freeFailures : before + 1;
  if (!free) {
    const persistent = attempt.retry.persistent === true;
    const most = persistent ? undefined : policy.attempts;
    const limit = Math.min(attempt.retry.maxAttempts, most ?? attempt.retry.maxAttempts);
    if (failures >= limit) return { kind: 'fail', charged: true, why: 'attempts' };
    if (policy.twoNodesProve && !persistent && !attempt.progressed && attempt.nodesWithSignature >= 2) {
      return { kind: 'fail', charged: true, why: 'hopeless' };
    }
  }
  return {
    kind: 'again',
    charged: !free,
    delayMs: backoffMs(attempt.retry, failures, random),
    ...(policy.avoid ? { avoid: policy.avoid } : {}),
  };
}

/** Attempts charged after this decision, with what progress forgives. */
export function attemptsAfter(attempt: FailedAttempt, decision: RetryDecision): number {
  const charged = decision.kind !== 'hold' && decision.charged;
  const before = attempt.progressed && decision.kind === 'again' ? 0 : attempt.attempt;
  return before + (charged ? 1 : 0);
}

/** Half as much again, and above what was seen in use. Whole bytes. */
export function raisedMemory(memory: number, peak = 0): number {
  return Math.ceil(Math.max(memory, peak) * memoryFactor);
}

/** Milliseconds before the next attempt: doubled each time, capped, then between half and all of it. */
export function backoffMs(retry: RetryPolicy, failures: number, random: number): number {
  const full = Math.min(retry.maxBackoffMs, retry.backoffMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (0.5 + random / 2));
}
