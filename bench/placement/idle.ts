import type { CoreHouse } from '@backlot/testkit/core-house';

export interface IdleResult {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * One job with one task after the other on a fleet that has nothing to do. Measured from the moment the submission
 * has returned, when the task is in the queue for good, to the moment its offer is handed to the node's link.
 */
export async function measureIdle(
  house: CoreHouse,
  options: {
    readonly submissions: number;
    readonly signal: AbortSignal;
    readonly report: (line: string) => void;
  },
): Promise<IdleResult> {
  options.report(`${options.submissions} single tasks on an idle fleet`);
  const projectId = await house.project({ name: 'Idle' });
  const times: number[] = [];
  for (let i = 0; i < options.submissions; i += 1) {
    options.signal.throwIfAborted();
    const before = house.fleet.sent.length;
    const job = await house.core.jobs.submit({
      kind: 'bench.job',
      projectId,
      name: `idle ${i}`,
      parameters: { tasks: 1 },
      actor: house.actor,
    });
    const queuedAt = performance.now();
    const offer = await house.until(
      async () => house.fleet.sent.slice(before).find(({ type }) => type === 'offer'),
      'the offer',
    );
    // Below nothing when the offer went out before the submission had returned to its caller.
    times.push(Math.max(0, offer.at - queuedAt));
    await house.until(async () => {
      const now = await house.core.jobs.get(job.id);
      return now.endedAt !== null;
    }, 'the job ends');
  }
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95), p99: percentile(times, 0.99) };
}

/** Milliseconds, with one digit behind the point. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return Math.round(value * 10) / 10;
}
