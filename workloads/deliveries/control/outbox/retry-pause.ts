/** Pauses after each failed attempt, in seconds; the last one goes on until a message is three days old. */
const pausesS = [5, 15, 60, 180, 600, 1_800, 3_600];
/** What services ask for is honoured up to this. */
export const longestAskedS = 3_600;
export const givenUpAfterS = 3 * 24 * 3_600;

/**
 * Seconds until the next attempt; undefined when it is given up.
 * @param random in [0, 1)
 * @param askedS what the service asked for
 */
export function retryPauseS(failed: number, ageS: number, random: number, askedS = 0): number | undefined {
  if (ageS >= givenUpAfterS) return undefined;
  const pause = pausesS[Math.min(failed, pausesS.length) - 1] ?? 5;
  return Math.max(pause * (1 + 0.2 * random), Math.min(askedS, longestAskedS));
}
