/** First pause after a fault, doubled each time, up to the last. Milliseconds. */
export const firstPauseMs = 1_000;
export const lastPauseMs = 10 * 60_000;

/**
 * How long to wait after so many faults in a row without any progress between them: between half and all of the doubled
 * pause, so that many uploads do not come back to a store all at once; longer when the store has asked for it.
 *
 * @param random in [0, 1)
 * @param longestMs where something hastens: less than the usual last pause. What the store asks for may be longer
 */
export function pauseMs(faults: number, random: number, askedMs = 0, longestMs = lastPauseMs): number {
  const full = Math.min(longestMs, lastPauseMs, firstPauseMs * 2 ** Math.min(30, Math.max(0, faults - 1)));
  return Math.round(Math.max(full * (0.5 + random / 2), Math.min(askedMs, lastPauseMs)));
}
