import type { Estimate, Picture } from '../../contract.ts';

/** What is known about how long a frame takes, best first. Seconds of wall clock on `cores` cores. */
export type FrameKnowledge =
  | { readonly basis: 'measured'; readonly seconds: readonly number[] }
  | { readonly basis: 'comparable'; readonly frames: readonly ComparableFrame[] }
  | { readonly basis: 'guess' };

/** A frame of an earlier render of the same model. */
export interface ComparableFrame extends Pick<Picture, 'width' | 'height' | 'samples'> {
  readonly seconds: number;
}

export interface EstimateInput {
  readonly picture: Picture;
  /** Frames that are still to be rendered. */
  readonly frames: number;
  readonly knowledge: FrameKnowledge;
  /** Tasks that run side by side, and cores of each. */
  readonly slots: number;
  readonly cores: number;
  /** Seconds until a Blender is ready for its first frame. */
  readonly startSeconds: number;
  /** Chunks that the frames are cut into, for what starting costs. */
  readonly chunks: number;
  readonly pricePerCoreHour: number | null;
}

/** Samples that one core of a usual server takes in a second (measured: 0.3 to 0.5 million for small models). */
const SAMPLES_PER_CORE_SECOND = 350_000;
/** Adaptive sampling takes about this share of the samples; a smooth background is done early. */
const ADAPTIVE_SHARE = 0.55;
/** How far the truth may lie off, as a factor both ways, when nothing was measured. */
const GUESS_BAND = 3;
const COMPARABLE_BAND = 1.5;
/** 80 % of estimates lie in the band; a single sample is taken to scatter by so much. */
const Z = 1.28;
const FIRST_SPREAD = 0.35;
const LEAST_SPREAD = 0.03;

/** When it will be done and what it will cost, with the band that this is good for. */
export function estimateRender(input: EstimateInput): Estimate {
  const { frames, slots, cores, knowledge } = input;
  const { seconds, low, high } = frameSeconds(input);
  const rounds = Math.max(1, slots);
  // The last round is not always full: some slots wait for the longest frame.
  const wall = (perFrame: number) =>
    frames === 0
      ? 0
      : 1000 *
        (Math.ceil(frames / rounds) * perFrame + Math.ceil(input.chunks / rounds) * input.startSeconds);
  const coreHours = ((frames * seconds + input.chunks * input.startSeconds) * cores) / 3600;
  return {
    wallMs: Math.round(wall(seconds)),
    lowMs: Math.round(wall(low)),
    highMs: Math.round(wall(high)),
    coreHours,
    cost: input.pricePerCoreHour === null ? null : coreHours * input.pricePerCoreHour,
    basis: knowledge.basis,
    frames,
  };
}

function frameSeconds(input: EstimateInput): { seconds: number; low: number; high: number } {
  const { knowledge, picture, cores } = input;
  const work = samplesOf(picture);
  if (knowledge.basis === 'measured' && knowledge.seconds.length > 0) {
    const seconds = mean(knowledge.seconds);
    const n = knowledge.seconds.length;
    const deviation = Math.sqrt(mean(knowledge.seconds.map((value) => (value - seconds) ** 2)));
    // Few frames know little about their own scatter: it starts wide and gives way to what is measured.
    const relative = Math.sqrt(
      ((deviation / Math.max(seconds, 1e-6)) ** 2 * (n - 1) + FIRST_SPREAD ** 2) / n,
    );
    const half = Z * Math.max(LEAST_SPREAD, relative / Math.sqrt(n)) * seconds;
    return { seconds, low: Math.max(0, seconds - half), high: seconds + half };
  }
  if (knowledge.basis === 'comparable' && knowledge.frames.length > 0) {
    const seconds = mean(
      knowledge.frames.map(
        (frame) => frame.seconds * (work / Math.max(1, samplesOf({ ...picture, ...frame }))),
      ),
    );
    return { seconds, low: seconds / COMPARABLE_BAND, high: seconds * COMPARABLE_BAND };
  }
  const seconds = work / (SAMPLES_PER_CORE_SECOND * Math.max(1, cores));
  return { seconds, low: seconds / GUESS_BAND, high: seconds * GUESS_BAND };
}

function samplesOf(picture: Picture): number {
  const share = picture.noiseThreshold > 0 ? ADAPTIVE_SHARE : 1;
  return picture.width * picture.height * picture.samples * share;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
