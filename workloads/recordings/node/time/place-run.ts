/** Two connections whose clocks differ by no more than this in wall time have one clock: the source's. Milliseconds. */
const SAME_CLOCK_MS = 300;
/** A shorter hole is the distance of two frames. Milliseconds. */
const LEAST_GAP_MS = 50;

export interface RunPosition {
  readonly run: number;
  /** Source time behind its last frame. */
  readonly endMs: number;
  /** `wall = source + anchor`. */
  readonly anchor: number;
}

export interface Placed {
  readonly run: number;
  /** Media that is missing before it, in wall time. */
  readonly gap: { readonly fromWall: number; readonly toWall: number; readonly ms: number } | null;
}

/**
 * Puts media that begins anew (a new connection, a clock that was set anew) behind what there was. Where both have the
 * same clock its own times tell exactly how much is missing; else wall time does, so that the hole is as long as it was.
 * An overlap is no gap. Pure.
 * @param knownSame the source itself says that its clock goes on
 */
export function placeRun(
  before: RunPosition | null,
  next: { readonly firstMs: number; readonly anchor: number },
  knownSame = false,
): Placed {
  if (!before) return { run: 1, gap: null };
  const fromWall = before.endMs + before.anchor;
  const sameClock = knownSame || Math.abs(before.anchor - next.anchor) <= SAME_CLOCK_MS;
  const ms = sameClock ? next.firstMs - before.endMs : next.firstMs + next.anchor - fromWall;
  const gap = ms >= LEAST_GAP_MS ? { fromWall, toWall: fromWall + ms, ms } : null;
  return { run: sameClock ? before.run : before.run + 1, gap };
}

/** Puts media behind what there was because its source says that it stands there, so much media later. Pure. */
export function placeBehind(before: RunPosition, afterMs: number): Placed {
  const fromWall = before.endMs + before.anchor;
  const gap = afterMs >= LEAST_GAP_MS ? { fromWall, toWall: fromWall + afterMs, ms: afterMs } : null;
  return { run: before.run + 1, gap };
}
