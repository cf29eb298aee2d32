/** How a part that died is started again: at once, then with growing pauses, as before after a steady while. */
export interface BackOffState {
  /** Deaths in a row, each soon after its start. */
  readonly deaths: number;
}

export const steadyAfterMs = 30_000;
const firstPauseMs = 250;
const longestPauseMs = 10_000;

/** The state after one more death, and how long to wait before the next start. */
export function afterDeath(state: BackOffState, livedMs: number): { state: BackOffState; pauseMs: number } {
  const deaths = livedMs >= steadyAfterMs ? 1 : state.deaths + 1;
  // The first death is most often a kill or a crash that will not repeat: every moment counts.
  const pauseMs = deaths === 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(deaths - 2, 10));
  return { state: { deaths }, pauseMs };
}
