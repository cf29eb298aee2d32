/** What cutting frames into tasks depends on. Seconds are measured on the job's first frame. */
export interface ChunkInput {
  /** Frames that are not rendered yet, ascending. */
  readonly frames: readonly number[];
  /** One frame. */
  readonly frameSeconds: number;
  /** Starting Blender, opening the scene, getting ready for its first frame. */
  readonly startSeconds: number;
  /** Tasks of this job that the fleet runs side by side. */
  readonly slots: number;
}

/** A chunk runs so many times longer than its start costs: 95 % of the time goes into frames. */
const EFFICIENCY = 20;
/**
 * And at least this long (seconds), so that a fast start does not make confetti. Where nobody could help, chunks are
 * longer: nothing is lost by that, as every picture is committed by itself, and others wait a minute at most.
 */
const SHORTEST = { shared: 15, alone: 60 } as const;
/** The tail may be cut smaller, down to 80 %: waiting for a straggler costs more than another start. */
const TAIL_EFFICIENCY = 4;
/** More frames than this in one task make its parameters and its report needlessly large. */
const MOST_FRAMES = 500;

/** First, middle and last frame show early whether a shot is right; the rest follows in order. */
export function renderOrder(frames: readonly number[]): number[] {
  const middle = frames[Math.floor((frames.length - 1) / 2)];
  const last = frames.at(-1);
  if (middle === undefined || last === undefined) return [];
  const early = [...new Set([middle, last])];
  return [...early, ...frames.filter((frame) => !early.includes(frame))];
}

/**
 * Cuts frames into chunks that one Blender process renders each. Every frame is in exactly one chunk. Long frames go
 * singly; short ones together, so that starting costs little; with several slots the chunks shrink towards the end, so
 * that nobody waits for one straggler.
 */
export function cutChunks({ frames, frameSeconds, startSeconds, slots }: ChunkInput): number[][] {
  const seconds = Math.max(frameSeconds, 0.001);
  const shortest = slots > 1 ? SHORTEST.shared : SHORTEST.alone;
  const wanted = clamp(Math.ceil(Math.max(EFFICIENCY * startSeconds, shortest) / seconds), 1, MOST_FRAMES);
  const smallest = clamp(Math.ceil((TAIL_EFFICIENCY * startSeconds) / seconds), 1, wanted);
  const order = renderOrder(frames);
  const chunks: number[][] = [];
  for (let at = 0; at < order.length; ) {
    const left = order.length - at;
    const fair = slots > 1 ? Math.ceil(left / (2 * slots)) : left;
    const size = Math.min(left, clamp(fair, smallest, wanted));
    chunks.push(order.slice(at, at + size));
    at += size;
  }
  return chunks;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
