import type { StatsAnswer } from '../../contract/api.ts';

type Point = StatsAnswer['players'][number]['points'][number];
type Figure = 'bitrateBps' | 'rttMs' | 'fps' | 'lostFraction';

/** Longer than this without a report is a hole, and drawn as one: nobody knows how it arrived meanwhile. */
const holeFactor = 3;

export interface PlayerCurves {
  /** Milliseconds since 1970. */
  readonly times: readonly number[];
  readonly values: Readonly<Record<Figure, readonly (number | null)[]>>;
}

/** One player's reports as curves, with holes where reports are missing. */
export function curvesOf(points: readonly Point[]): PlayerCurves {
  const times: number[] = [];
  const values: Record<Figure, (number | null)[]> = { bitrateBps: [], rttMs: [], fps: [], lostFraction: [] };
  const add = (at: number, point: Point | null) => {
    times.push(at);
    for (const name of Object.keys(values) as Figure[]) values[name].push(point?.[name] ?? null);
  };
  const step = usualStep(points);
  let before: number | null = null;
  for (const point of points) {
    const at = Date.parse(point.at);
    if (before !== null && step > 0 && at - before > step * holeFactor) add(before + step, null);
    add(at, point);
    before = at;
  }
  return { times, values };
}

/** The median distance between reports. Milliseconds; 0 for fewer than two. */
function usualStep(points: readonly Point[]): number {
  const steps = points
    .slice(1)
    .map((point, at) => Date.parse(point.at) - Date.parse(points[at]?.at ?? point.at))
    .sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}
