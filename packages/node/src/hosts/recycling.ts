import type { HostDefinition } from '../workload.ts';

/** What is known of a host when its future is decided. Times in milliseconds of one monotonic clock. */
export interface HostFacts {
  readonly now: number;
  readonly startedAt: number;
  /** When its last allocation ended, or when it started. */
  readonly idleSince: number;
  readonly running: number;
  readonly startedAllocations: number;
  /** Most memory that it has used, in bytes. */
  readonly peakMemory: number;
  /** Takes nothing new any more. */
  readonly retired: boolean;
}

/** What to do with a host. */
export type HostVerdict = 'keep' | 'retire' | 'stop';

/**
 * Decides about a host. One that has served its time takes nothing new and is stopped as soon as it is empty: recycling
 * never costs anybody their work. An idle one is stopped to give its memory back.
 */
export function judgeHost(facts: HostFacts, rules: Pick<HostDefinition, 'recycle' | 'idleMs'>): HostVerdict {
  const { maxAllocations, maxAgeMs, maxMemory } = rules.recycle ?? {};
  const worn =
    facts.retired ||
    (maxAllocations !== undefined && facts.startedAllocations >= maxAllocations) ||
    (maxAgeMs !== undefined && facts.now - facts.startedAt >= maxAgeMs) ||
    (maxMemory !== undefined && facts.peakMemory >= maxMemory);
  if (facts.running > 0) return worn ? 'retire' : 'keep';
  if (worn) return 'stop';
  return rules.idleMs > 0 && facts.now - facts.idleSince >= rules.idleMs ? 'stop' : 'keep';
}

const firstPauseMs = 500;
const longestPauseMs = 60_000;

/**
 * How long to wait before starting a host again after so many crashes in a row. `random` is in [0, 1): pauses are spread,
 * so that hosts that fell over together don't get up together.
 */
export function restartPause(crashes: number, random: number): number {
  if (crashes <= 0) return 0;
  const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(crashes - 1, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Deaths in a minute after which a host that is revived is given up. */
const mostDeaths = 5;
const deathsMs = 60_000;

/** Whether a host that has died at these times, in milliseconds of one clock, is started anew at once. */
export function mayRevive(deaths: readonly number[], now: number): boolean {
  return deaths.filter((at) => now - at < deathsMs).length < mostDeaths;
}

/** A host that has lived this long was well: crashes before do not count any more. */
export const healthyAfterMs = 60_000;
