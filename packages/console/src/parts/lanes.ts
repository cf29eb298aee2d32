/** Something with a beginning and, once it is over, an end; milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number | null;
}

/**
 * Puts spans into as few lanes as possible so that none overlap in one: the lane of each, in the order given.
 * First fit over spans by their beginning is optimal for intervals.
 */
export function assignLanes(spans: readonly Span[]): number[] {
  const order = spans
    .map((_, index) => index)
    .sort((a, b) => (spans[a]?.from ?? 0) - (spans[b]?.from ?? 0) || a - b);
  const lanes: number[] = new Array(spans.length).fill(0);
  const freeFrom: number[] = [];
  for (const index of order) {
    const span = spans[index];
    if (!span) continue;
    const free = freeFrom.findIndex((at) => at <= span.from);
    const lane = free < 0 ? freeFrom.length : free;
    freeFrom[lane] = span.to ?? Number.POSITIVE_INFINITY;
    lanes[index] = lane;
  }
  return lanes;
}

/** Round moments for the ticks of a time axis, at most `count` of them. */
export function timeTicks(from: number, to: number, count: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const wanted = (to - from) / Math.max(1, count) / 1000;
  const step = (steps.find((seconds) => seconds >= wanted) ?? 86400) * 1000;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}
