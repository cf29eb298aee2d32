/** After so many failures in a row a version is not started any more until a person clears it. */
export const crashLoopAfter = 5;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** How long to wait after the n-th failure in a row, in milliseconds; null: a crash loop, wait for a person. */
export function pauseAfter(failures: number): number | null {
  if (failures >= crashLoopAfter) return null;
  if (failures <= 0) return 0;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
}
