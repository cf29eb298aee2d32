import { ALONE_MS, overlapMs, type Span } from './wall-cover.ts';

/** What joining must know of a segment; the rest of its description is for people. Times in milliseconds. */
export interface JoinSegment {
  /** Where its bytes are. */
  readonly path: string;
  readonly broadcast: string;
  readonly number: number;
  readonly part: number;
  readonly run: number;
  readonly container: 'flv' | 'ts' | 'fmp4';
  readonly baseMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly firstWall: number;
  readonly lastWall: number;
  readonly videoFrames: number;
  readonly audioFrames: number;
  readonly codecs: readonly string[];
  readonly width: number;
  readonly height: number;
}

/** A stretch of one source clock inside a part, and where it lies in the film. */
export interface JoinRun {
  readonly segments: readonly JoinSegment[];
  /** Of other recorders, proven to be on the same clock. */
  readonly spares: readonly JoinSegment[];
  /** Source times that belong here, from and up to (exclusive), for spares. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `film time = source time + offset`. */
  readonly offsetMs: number;
  /** Wall time of source time 0. */
  readonly anchor: number;
}

export interface JoinPart {
  readonly part: number;
  readonly container: 'flv' | 'ts' | 'fmp4';
  readonly runs: readonly JoinRun[];
}

/** What only the files themselves can tell. */
export interface JoinProofs {
  /** Frames of both are the same at the same times: two recorders of one source. */
  sameClock(others: readonly JoinSegment[], own: readonly JoinSegment[]): boolean;
  /** One film can hold both without encoding, as far as their set-up goes. */
  sameSetup(before: JoinSegment, next: JoinSegment): boolean;
}

/** Nothing is proven: what is recorded twice is taken from one recorder, and what only one has from that one. */
export const noProofs: JoinProofs = { sameClock: () => false, sameSetup: () => true };

/** Clocks of two recorders of one source may be so far apart on their machines, in milliseconds; frames prove the rest. */
const SPARE_CLOCK_MS = 10_000;

/** Segments of one recorder on one clock, one behind the other. */
type Stretch = readonly [JoinSegment, ...JoinSegment[]];

/**
 * Puts segments in their order: those of the recorder that has most, in parts and runs, each run with its place in the
 * film. Runs of one clock keep that clock's times; another run lies where it lay in wall time, never before the end of
 * the one before. What only other recorders have stands between them where it was in wall time: a broadcast that moved to
 * another node is all there. What they have of the same moments only fills the holes, where their clock is proven the same.
 */
export function planJoin(segments: readonly JoinSegment[], proofs: JoinProofs = noProofs): JoinPart[] {
  const byRecorder = Map.groupBy(segments, ({ broadcast }) => broadcast);
  const frames = (list: readonly JoinSegment[]) =>
    list.reduce((sum, { videoFrames, audioFrames }) => sum + videoFrames + audioFrames, 0);
  const [lead = [], ...others] = [...byRecorder.values()]
    .map((list) => list.toSorted((a, b) => a.number - b.number))
    .sort((a, b) => frames(b) - frames(a));
  const twins = new Map<string, JoinSegment[]>();
  const leading = stretches(lead);
  const order = [...lead];
  for (const chain of others.flatMap((list) => [...Map.groupBy(list, ({ run }) => run).values()])) {
    const same = leading.filter((own) => isNear(chain, own[0]) && proofs.sameClock(chain, own));
    const clocks = new Set(same.map(([first]) => clockOf(first)));
    for (const clock of clocks) twins.set(clock, [...(twins.get(clock) ?? []), ...chain]);
    const filled = leading.flatMap((own, index) =>
      clocks.has(clockOf(own[0]))
        ? [
            {
              from: leading[index - 1]?.at(-1)?.lastWall ?? Number.NEGATIVE_INFINITY,
              to: leading[index + 1]?.[0].firstWall ?? Number.POSITIVE_INFINITY,
            },
          ]
        : [],
    );
    for (const segment of chain) if (isAlone(segment, [...spansOf(order), ...filled])) place(order, segment);
  }
  return partsOf(stretches(order), order, twins, proofs);
}

const clockOf = ({ broadcast, run }: JoinSegment) => `${broadcast}:${run}`;
const spansOf = (list: readonly JoinSegment[]): Span[] =>
  list.map(({ firstWall, lastWall }) => ({ from: firstWall, to: lastWall }));

function isNear([first]: readonly JoinSegment[], own: JoinSegment): boolean {
  if (!first || first.container !== own.container) return false;
  return Math.abs(first.firstWall - first.firstMs - own.firstWall + own.firstMs) <= SPARE_CLOCK_MS;
}

/** A recorder has moments that no other has: then its whole segment counts, because what is there twice is not lost. */
function isAlone({ firstWall, lastWall }: JoinSegment, known: readonly Span[]): boolean {
  const lengthMs = lastWall - firstWall;
  const aloneMs = lengthMs - overlapMs({ from: firstWall, to: lastWall }, known);
  return aloneMs >= ALONE_MS || (lengthMs > 0 && aloneMs >= lengthMs * 0.9);
}

/** In its place in wall time; the order that a recorder has given to its own stays. */
function place(order: JoinSegment[], segment: JoinSegment): void {
  const before = order.findLastIndex(({ firstWall }) => firstWall <= segment.firstWall);
  order.splice(before + 1, 0, segment);
}

function stretches(list: readonly JoinSegment[]): Stretch[] {
  const found = splitWhere(
    list,
    (a, b) => clockOf(a) !== clockOf(b) || a.part !== b.part || a.container !== b.container,
  );
  return found.flatMap(([first, ...more]) => (first ? [[first, ...more] as const] : []));
}

/** A new part is where a recorder has cut, and where what follows is coded differently. */
function partsOf(
  list: readonly Stretch[],
  order: readonly JoinSegment[],
  twins: ReadonlyMap<string, readonly JoinSegment[]>,
  proofs: JoinProofs,
): JoinPart[] {
  const groups: Stretch[][] = [];
  const lastPart = new Map<string, number>();
  let before: JoinSegment | undefined;
  for (const stretch of list) {
    const [next] = stretch;
    const part = lastPart.get(next.broadcast) ?? next.part;
    const goesOn =
      before !== undefined &&
      part === next.part &&
      before.container === next.container &&
      (before.broadcast === next.broadcast || (sameCoding(before, next) && proofs.sameSetup(before, next)));
    const group = groups.at(-1);
    if (goesOn && group) group.push(stretch);
    else groups.push([stretch]);
    lastPart.set(next.broadcast, next.part);
    before = stretch.at(-1);
  }
  const parts: JoinPart[] = [];
  for (const group of groups) {
    const first = group[0]?.[0];
    if (!first) continue;
    // Two recorders count their parts each from 1: those of one film follow each other.
    const part = Math.max(first.part, (parts.at(-1)?.part ?? 0) + 1);
    parts.push({ part, container: first.container, runs: placeRuns(group, list, order, twins) });
  }
  return parts;
}

function sameCoding(a: JoinSegment, b: JoinSegment): boolean {
  return a.width === b.width && a.height === b.height && a.codecs.join() === b.codecs.join();
}

function placeRuns(
  runs: readonly Stretch[],
  all: readonly Stretch[],
  order: readonly JoinSegment[],
  twins: ReadonlyMap<string, readonly JoinSegment[]>,
): JoinRun[] {
  const placed: JoinRun[] = [];
  let before: { readonly filmMs: number; readonly wall: number } | undefined;
  for (const segments of runs) {
    const [first] = segments;
    const anchor = first.firstWall - first.firstMs;
    const startMs = Math.min(...segments.map(({ firstMs }) => firstMs));
    // As far behind the run before as it was in wall time, by the measures next to the seam: a clock that drifts over
    // hours must not open or close a hole. Never before what is there already.
    const startFilm = before
      ? Math.max(before.filmMs + startMs + anchor - before.wall, before.filmMs + 1)
      : 0;
    const offsetMs = startFilm - startMs;
    const { fromMs, toMs } = borders(segments, all, order, anchor);
    const spares = (twins.get(clockOf(first)) ?? []).filter(
      (spare) => spare.container === first.container && spare.lastMs >= fromMs && spare.firstMs < toMs,
    );
    const last = segments.reduce((late, segment) => (segment.lastMs > late.lastMs ? segment : late), first);
    const reach = Math.max(...spares.map(({ lastMs }) => Math.min(lastMs, toMs - 1)), last.lastMs);
    before = { filmMs: reach + offsetMs, wall: last.lastWall + reach - last.lastMs };
    placed.push({ segments, spares, fromMs, toMs, offsetMs, anchor });
  }
  return placed;
}

/** A spare may fill everything up to the neighbours: those on the same clock by its times, others by wall time. */
function borders(
  segments: Stretch,
  all: readonly Stretch[],
  order: readonly JoinSegment[],
  anchor: number,
): { fromMs: number; toMs: number } {
  const [first] = segments;
  const last = segments.at(-1) ?? first;
  const own = order.filter((other) => clockOf(other) === clockOf(first));
  const before = own.some(({ number }) => number < first.number);
  const after = own.filter(({ number }) => number > last.number);
  const at = all.findIndex((stretch) => stretch[0] === first);
  const ended = all[at - 1]?.at(-1)?.lastWall ?? Number.NEGATIVE_INFINITY;
  const begins = all[at + 1]?.[0].firstWall ?? Number.POSITIVE_INFINITY;
  return {
    fromMs: before ? first.firstMs : Math.min(first.firstMs, ended - anchor + 1),
    toMs: Math.min(...after.map(({ firstMs }) => firstMs), Math.max(last.lastMs + 1, begins - anchor)),
  };
}

function splitWhere<T>(list: readonly T[], differs: (before: T, next: T) => boolean): T[][] {
  const groups: T[][] = [];
  let before: T | undefined;
  for (const item of list) {
    const group = groups.at(-1);
    if (group && before !== undefined && !differs(before, item)) group.push(item);
    else groups.push([item]);
    before = item;
  }
  return groups;
}
