/** A stretch of time, in ms since 1970. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Never closer than 50 ms: a frame is 16 to 40. */
const closest = 50;

/** A window around the middle of another, `factor` times as long, kept inside of all there is. */
export function zoom(window: Range, factor: number, all: Range): Range {
  const middle = (window.from + window.to) / 2;
  const length = Math.min(all.to - all.from, Math.max(closest, (window.to - window.from) * factor));
  return inside({ from: middle - length / 2, to: middle + length / 2 }, all);
}

/** The window moved by a share of its own length. */
export function move(window: Range, share: number, all: Range): Range {
  const by = (window.to - window.from) * share;
  return inside({ from: window.from + by, to: window.to + by }, all);
}

/** A window in which something stands out: ten times as long as it is, at least a second. */
export function around(thing: Range, all: Range): Range {
  const length = Math.min(all.to - all.from, Math.max(1_000, (thing.to - thing.from) * 10));
  const middle = (thing.from + thing.to) / 2;
  return inside({ from: middle - length / 2, to: middle + length / 2 }, all);
}

/** The window, shifted as little as it takes to lie in all there is. */
export function inside(window: Range, all: Range): Range {
  const length = Math.min(window.to - window.from, all.to - all.from);
  const from = Math.min(Math.max(window.from, all.from), all.to - length);
  return { from, to: from + length };
}

/** Where a stretch is drawn in a window, in shares of its width; undefined outside of it. */
export function place(
  range: Range,
  window: Range,
): { readonly left: number; readonly width: number } | undefined {
  if (range.to < window.from || range.from > window.to) return undefined;
  const length = Math.max(1, window.to - window.from);
  const left = (Math.max(range.from, window.from) - window.from) / length;
  const right = (Math.min(range.to, window.to) - window.from) / length;
  return { left, width: right - left };
}

/**
 * The pieces in a window; neighbours are drawn as one where there are more than `most` of them. A distance of more
 * than `apart` ms between two is never bridged: it is a hole.
 */
export function drawnPieces<Piece extends Range>(
  pieces: readonly Piece[],
  window: Range,
  most: number,
  apart: number,
): readonly { readonly from: number; readonly to: number; readonly pieces: readonly Piece[] }[] {
  const seen = pieces.filter((piece) => piece.to >= window.from && piece.from <= window.to);
  if (seen.length <= most) return seen.map((piece) => ({ from: piece.from, to: piece.to, pieces: [piece] }));
  const least = (window.to - window.from) / most;
  const drawn: { from: number; to: number; pieces: Piece[] }[] = [];
  for (const piece of seen) {
    const last = drawn.at(-1);
    if (last && piece.from - last.to <= apart && piece.to - last.from < least * 2) {
      last.to = Math.max(last.to, piece.to);
      last.pieces.push(piece);
    } else drawn.push({ from: piece.from, to: piece.to, pieces: [piece] });
  }
  return drawn;
}
