import type { OpenSegment, RunEnd } from '../ledger/rows.ts';
import { placeBehind, placeRun } from '../time/place-run.ts';
import type { SegmentFacts } from './media.ts';
import { mostSaid, said } from './said.ts';

/** Media that is missing, in wall time. Why: reconnect, source (it paused), missing (named by it), jump, disk, restart. */
export interface Gap {
  readonly fromWall: number;
  readonly toWall: number;
  readonly ms: number;
  readonly why: string;
  readonly what?: string;
}

/** What is known of a segment when it is closed, as its artifact carries it. Times in milliseconds. */
export interface SegmentDescription {
  readonly meta: Record<string, unknown>;
  readonly gaps: readonly Gap[];
  readonly run: RunEnd | null;
  readonly lossMs: number;
  /** Media time in it. */
  readonly ms: number;
}

export interface Closing {
  readonly open: OpenSegment;
  readonly facts: SegmentFacts;
  readonly before: RunEnd | null;
  /** Of this connection; undefined where it died before anything could be measured. */
  readonly anchor: number | undefined;
  /** Why the media before it may be missing, where its clock is new. */
  readonly why: string;
  readonly torn: boolean;
  /** Name of the pieces that are missing before it, where the source names them. */
  readonly what?: string | undefined;
}

/** Describes a closed segment: where it lies in wall time, and what is missing before and in it. Pure. */
export function describeSegment({
  open,
  facts,
  before,
  anchor,
  why,
  torn,
  what: named,
}: Closing): SegmentDescription {
  const { firstMs, lastMs } = facts;
  // Without a measure the opening is the best there is: its first frame came then.
  const measured = anchor ?? open.anchor ?? open.wall - firstMs;
  const { afterMs } = open;
  const known = before && afterMs !== undefined ? before.anchor + before.endMs + afterMs - firstMs : measured;
  const placed =
    before && afterMs !== undefined
      ? placeBehind(before, afterMs)
      : open.newClock || !before
        ? placeRun(before, { firstMs, anchor: known }, open.sameClock)
        : { run: before.run, gap: null };
  const gaps: Gap[] = [];
  if (placed.gap)
    gaps.push({
      ...round(placed.gap),
      why,
      ...(named === undefined ? {} : { what: said(named, mostSaid.what) }),
    });
  for (const { fromMs, toMs, why: cause, what } of facts.holes) {
    const hole = round({ fromWall: fromMs + known, ms: toMs - fromMs });
    gaps.push({ ...hole, why: cause, ...(what === undefined ? {} : { what: said(what, mostSaid.what) }) });
  }
  const lossMs = gaps.reduce((sum, { ms }) => sum + ms, 0);
  const end = lastMs + facts.intervalMs;
  const endMs = before && before.run === placed.run ? Math.max(before.endMs, end) : end;
  const empty = firstMs < 0;
  return {
    gaps,
    lossMs,
    ms: empty ? 0 : Math.max(0, lastMs - firstMs),
    run: empty ? null : { run: placed.run, endMs, anchor: known },
    meta: {
      broadcast: open.broadcast,
      take: open.take,
      takeNumber: open.takeNumber,
      number: open.number,
      part: open.part,
      run: placed.run,
      container: open.container,
      baseMs: facts.baseMs,
      firstMs: Math.round(firstMs),
      lastMs: Math.round(lastMs),
      firstWall: Math.round(firstMs + known),
      lastWall: Math.round(lastMs + known),
      videoFrames: facts.videoFrames,
      audioFrames: facts.audioFrames,
      keyframes: facts.keyframes,
      startsWithKeyframe: facts.startsWithKeyframe,
      bytes: facts.wholeBytes,
      codecs: facts.codecs,
      width: facts.width,
      height: facts.height,
      gaps,
      repairs: Object.entries(facts.repairs).map(([kind, count]) => ({ kind, count })),
      ...(torn ? { torn: true } : {}),
      ...(open.title === undefined ? {} : { title: open.title }),
    },
  };
}

/** Whole milliseconds, and as long as what is missing: whoever adds up lengths or spans comes to the same. */
function round(gap: { readonly fromWall: number; readonly ms: number }): Omit<Gap, 'why'> {
  const fromWall = Math.round(gap.fromWall);
  const ms = Math.round(gap.ms);
  return { fromWall, toWall: fromWall + ms, ms };
}
