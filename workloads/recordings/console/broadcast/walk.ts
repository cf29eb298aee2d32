import { drawnPieces, inside, type Range } from './ranges.ts';

/** A place of a timeline on which the focus can stand: pieces that are drawn as one, the first of which names it. */
export interface Stop<Piece extends Range = Range> extends Range {
  readonly pieces: readonly Piece[];
}

/** Places of one lane in the order of time. */
export type Lane = readonly Range[];

export interface Standing {
  readonly lane: number;
  readonly index: number;
}

/**
 * All places of a lane: those in the window as they are drawn, and one for each piece outside of it, so that arrows go on
 * where the window ends.
 */
export function stopsOf<Piece extends Range>(
  pieces: readonly Piece[],
  window: Range,
  most: number,
  apart: number,
): readonly Stop<Piece>[] {
  const alone = (piece: Piece): Stop<Piece> => ({ from: piece.from, to: piece.to, pieces: [piece] });
  return [
    ...pieces.filter(({ to }) => to < window.from).map(alone),
    ...drawnPieces(pieces, window, most, apart),
    ...pieces.filter(({ from, to }) => to >= window.from && from > window.to).map(alone),
  ];
}

/**
 * Where a key takes the focus, or undefined where it takes it nowhere. Left and right go through a lane, and from the end of
 * one take into the next; up and down to what was at the same time in another lane.
 * @param linked lanes from the first on that follow each other in time
 */
export function walk(
  key: string,
  from: Standing,
  lanes: readonly Lane[],
  linked: number,
): Standing | undefined {
  const { lane, index } = from;
  const last = (at: number) => (lanes[at]?.length ?? 0) - 1;
  switch (key) {
    case 'ArrowLeft': {
      if (index > 0) return { lane, index: index - 1 };
      const before = lane < linked ? filled(lanes, lane, -1, 0) : undefined;
      return before === undefined ? undefined : { lane: before, index: last(before) };
    }
    case 'ArrowRight': {
      if (index < last(lane)) return { lane, index: index + 1 };
      const after = lane < linked ? filled(lanes, lane, 1, linked - 1) : undefined;
      return after === undefined ? undefined : { lane: after, index: 0 };
    }
    case 'ArrowUp':
    case 'ArrowDown': {
      const up = key === 'ArrowUp';
      const other = filled(lanes, lane, up ? -1 : 1, up ? 0 : lanes.length - 1);
      const here = lanes[lane]?.[index];
      if (other === undefined || !here) return undefined;
      return { lane: other, index: nearest(lanes[other] ?? [], here) };
    }
    case 'Home':
      return last(lane) < 0 ? undefined : { lane, index: 0 };
    case 'End':
      return last(lane) < 0 ? undefined : { lane, index: last(lane) };
    default:
      return undefined;
  }
}

/** The next lane in a direction that has something in it; none beyond `end`. */
function filled(lanes: readonly Lane[], from: number, step: 1 | -1, end: number): number | undefined {
  for (let at = from + step; step > 0 ? at <= end : at >= end; at += step) {
    if ((lanes[at]?.length ?? 0) > 0) return at;
  }
  return undefined;
}

/** What lies at the same time, or closest to it; of several, the one with the closest middle. */
function nearest(lane: Lane, to: Range): number {
  const apart = (one: Range) => Math.max(0, one.from - to.to, to.from - one.to);
  const off = (one: Range) => Math.abs(one.from + one.to - to.from - to.to);
  let best = 0;
  for (const [index, one] of lane.entries()) {
    const first = lane[best] ?? one;
    if (apart(one) < apart(first) || (apart(one) === apart(first) && off(one) < off(first))) best = index;
  }
  return best;
}

/** The window in which something can be seen: the same while it can, else one as long around it. */
export function reveal(thing: Range, window: Range, all: Range): Range {
  if (thing.to >= window.from && thing.from <= window.to) return window;
  const half = (window.to - window.from) / 2;
  const middle = (thing.from + thing.to) / 2;
  return inside({ from: middle - half, to: middle + half }, all);
}
