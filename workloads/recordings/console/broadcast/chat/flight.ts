/** How a line moves over the picture. All times are the film's, in milliseconds; widths are in pixels. */
export const flightMs = 8_000;
export const stillMs = 4_000;
/** Between two lines that follow each other, in pixels. */
const gap = 24;

/** The last line of a lane: when it began, and how wide it is. */
export interface Flown {
  readonly start: number;
  readonly width: number;
}

/**
 * The first lane in which a line of `width` can fly across `room` from `start` on without touching the one before it: that
 * one has come in as a whole, and has left before the new one, which may be faster because it is longer, reaches the
 * other edge. None: the line is left out, which is better than two that nobody can read.
 */
export function laneFor(
  lanes: readonly (Flown | undefined)[],
  { start, width }: Flown,
  room: number,
): number | undefined {
  const reaches = start + (flightMs * room) / (room + width);
  const lane = lanes.findIndex((last) => {
    if (!last) return true;
    const isIn = last.start + (flightMs * (last.width + gap)) / (room + last.width);
    const isGone = last.start + flightMs;
    return start >= isIn && reaches >= isGone;
  });
  return lane < 0 ? undefined : lane;
}

/** The first lane in which nothing stands still any more at `start`. */
export function stillLaneFor(lanes: readonly (Flown | undefined)[], start: number): number | undefined {
  const lane = lanes.findIndex((last) => !last || start >= last.start + stillMs);
  return lane < 0 ? undefined : lane;
}
