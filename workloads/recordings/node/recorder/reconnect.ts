/** Pauses before attempts to connect again, in milliseconds; the last one repeats. */
const PAUSES_MS: readonly number[] = [0, 250, 500, 1_000, 2_000];

/**
 * How long to wait before the n-th attempt in a row (0 is the first). Up to a quarter less or more, so that the channels
 * of a shard do not all come back in the same moment. Pure.
 */
export function reconnectPause(attempt: number, random: number): number {
  const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0;
  return Math.round(pause * (0.75 + random * 0.5));
}
