import type { AllocationOutcome, Failure } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';

/** An attempt that has ended, as far as the next decision looks back. */
export interface PastAttempt {
  readonly nodeId: string;
  readonly outcome: AllocationOutcome;
  readonly failureClass: Failure['class'] | null;
  readonly signature: string | null;
}

/** The ended attempts of a task, oldest first. */
export async function pastAttempts(tx: Tx, taskId: string): Promise<PastAttempt[]> {
  const { rows } = await sql<PastAttempt>`
    SELECT node_id AS "nodeId", outcome, failure->>'class' AS "failureClass", failure->>'signature' AS signature
    FROM allocation WHERE task_id = ${taskId} AND state = 'ended' ORDER BY fence
  `.execute(tx);
  return rows;
}

/** What the decision about a failure wants to know of the attempts before it. Pure. */
export function lookBack(
  past: readonly PastAttempt[],
  now: { readonly nodeId: string; readonly failure: Failure },
): { readonly memoryRaises: number; readonly nodesWithSignature: number; readonly freeFailures: number } {
  const failed = past.filter((attempt) => attempt.outcome === 'failed');
  const same = failed.filter((attempt) => attempt.signature === now.failure.signature);
  let freeFailures = 1;
  for (const attempt of failed.toReversed()) {
    if (attempt.failureClass !== 'node' && attempt.failureClass !== 'capability') break;
    freeFailures += 1;
  }
  return {
    memoryRaises: failed.filter((attempt) => attempt.failureClass === 'memory').length,
    nodesWithSignature: new Set([...same.map((attempt) => attempt.nodeId), now.nodeId]).size,
    freeFailures,
  };
}
