/** How a lost connection is tried again. Milliseconds. */
export interface BackOff {
  /** Pause before the second try; the first one is made at once. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** After this long without a connection the room is given up. */
  readonly giveUpAfterMs: number;
}

/** The server keeps a session for 30 s; within those, tries are close together, and some follow for a clean rejoin. */
export const defaultBackOff: BackOff = { firstMs: 300, longestMs: 5_000, giveUpAfterMs: 120_000 };

/**
 * The pause before try `attempt` (0 is the first): none, then doubling, up to a quarter less by chance, so that the
 * viewers of a room do not come back in one moment.
 */
export function pauseBefore(attempt: number, backOff: BackOff, random: number): number {
  if (attempt <= 0) return 0;
  const fullMs = Math.min(backOff.firstMs * 2 ** Math.min(attempt - 1, 20), backOff.longestMs);
  return fullMs * (0.75 + random / 4);
}
