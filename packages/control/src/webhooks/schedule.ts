/**
 * Pauses after each failed attempt, in seconds: the schedule that the Standard Webhooks specification suggests,
 * some three days in all. A receiver that is down over a weekend misses nothing.
 */
export const retryPausesS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000] as const;

/** Spread over the last tenth, so that a receiver that comes back is not met by everything at once. */
const spread = 0.1;

/**
 * Seconds until the next attempt after so many have failed; undefined when it is given up.
 * @param random in [0, 1)
 * @param askedS what the receiver asked for (`Retry-After`); honoured up to an hour when it is longer
 */
export function nextPauseS(failed: number, random: number, askedS = 0): number | undefined {
  const pause = retryPausesS[failed - 1];
  if (pause === undefined) return undefined;
  return Math.max(pause * (1 + spread * random), Math.min(askedS, 3_600));
}
