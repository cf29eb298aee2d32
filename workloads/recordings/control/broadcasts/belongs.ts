/** A broadcast that a channel has, in wall time (milliseconds). */
export interface Candidate {
  readonly id: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Which broadcast of a channel something that a node saw at `wall` belongs to: one that it lies in, or is no further from than
 * the silence that ends broadcasts; of several the nearest. Undefined: it is a new one. So a recording that moved to another
 * node, and the one of a node that comes back late, are the same broadcast. Pure.
 */
export function belongsTo(
  wall: number,
  silenceMs: number,
  candidates: readonly Candidate[],
): string | undefined {
  let best: { id: string; distance: number } | undefined;
  for (const { id, from, to } of candidates) {
    const distance = Math.max(0, from - wall, wall - to);
    if (distance > silenceMs) continue;
    if (!best || distance < best.distance) best = { id, distance };
  }
  return best?.id;
}
