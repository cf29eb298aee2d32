/** A stretch of wall time, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * What is missing of a broadcast: of each hole that one recorder had, what no other one has. With a single recorder that is
 * every hole; with two, only what both missed. Pure.
 *
 * @param holes by recorder
 * @param media by recorder: spans of its segments, which may overlap
 */
export function remainingHoles(
  holes: ReadonlyMap<string, readonly Span[]>,
  media: ReadonlyMap<string, readonly Span[]>,
): Span[] {
  const left: Span[] = [];
  for (const [recorder, spans] of holes) {
    const others = [...media]
      .filter(([who]) => who !== recorder)
      .flatMap(([who, have]) =>
        // What another one has is only what it has without holes of its own.
        have.flatMap((span) => subtract(span, holes.get(who) ?? [])),
      );
    for (const span of spans) left.push(...subtract(span, others));
  }
  return merge(left);
}

/** What of a span is in none of the others. Pure. */
export function subtract(span: Span, others: readonly Span[]): Span[] {
  let rest: Span[] = [span];
  for (const { from, to } of others) {
    rest = rest.flatMap((one) => {
      if (to <= one.from || from >= one.to) return [one];
      return [
        ...(from > one.from ? [{ from: one.from, to: from }] : []),
        ...(to < one.to ? [{ from: to, to: one.to }] : []),
      ];
    });
  }
  return rest.filter(({ from, to }) => to > from);
}

/**
 * The holes of one recorder, side by side: between two of them it has media, so they never overlap, even where their places
 * say so. Each connection finds its own place in wall time, by up to a third of a second; how long a hole is, is exact. Pure.
 */
export function apart(spans: readonly Span[]): Span[] {
  let end = Number.NEGATIVE_INFINITY;
  return [...spans]
    .sort((a, b) => a.from - b.from)
    .map(({ from, to }) => {
      const begin = Math.max(from, end);
      end = begin + (to - from);
      return { from: begin, to: end };
    });
}

/** Spans in order, those that touch as one. Pure. */
export function merge(spans: readonly Span[]): Span[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

export function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + (to - from), 0);
}
