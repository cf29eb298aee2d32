/** A stretch of wall time, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Two recorders agree no better than this in when something was: what is shorter is not known to be missing. Milliseconds. */
export const ALONE_MS = 2_000;
/** Before its first keyframe nothing of a film can be shown; so much may be left out of each. Milliseconds. */
const LEADING_MS = 10_000;

/** Wall time that spans cover, each moment once. Pure. */
export function coveredMs(spans: readonly Span[]): number {
  let sum = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (to > until) sum += to - Math.max(from, until);
    until = Math.max(until, to);
  }
  return sum;
}

/** How much of a span the others cover. Pure. */
export function overlapMs({ from, to }: Span, others: readonly Span[]): number {
  return coveredMs(
    others.flatMap((other) => {
      const part = { from: Math.max(from, other.from), to: Math.min(to, other.to) };
      return part.to > part.from ? [part] : [];
    }),
  );
}

/**
 * What films lack of the wall time that their segments cover, in milliseconds; 0 when they have it. Their holes are inside of
 * their length, and the segments' cover has none. Pure.
 */
export function lackingMs(
  segments: readonly { readonly firstWall: number; readonly lastWall: number; readonly broadcast: string }[],
  films: readonly { readonly durationMs: number }[],
): number {
  const covered = coveredMs(segments.map(({ firstWall, lastWall }) => ({ from: firstWall, to: lastWall })));
  const length = films.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const sightings = new Set(segments.map(({ broadcast }) => broadcast)).size;
  const allowed = LEADING_MS * Math.max(1, films.length) + ALONE_MS * (sightings - 1) * 5 + covered / 1_000;
  return Math.max(0, Math.round(covered - length - allowed));
}
