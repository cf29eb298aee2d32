import type { FilmGap } from './film-clock.ts';

/** What became of a part, counted while it was written. */
export interface JoinedPart {
  readonly part: number;
  /** What the film calls 0, on the clock of the plan: `film time = source time + offset - zero`. Milliseconds. */
  readonly zeroMs: number;
  readonly videoFrames: number;
  /** Undefined where only a reader of the joined stream can count them. */
  readonly audioFrames: number | undefined;
  readonly durationMs: number;
  readonly gaps: readonly FilmGap[];
  readonly lossMs: number;
  /** Frames before the first keyframe, which nobody can show. */
  readonly leading: number;
  readonly repeated: number;
  readonly fromSpares: number;
  readonly disordered: number;
}
