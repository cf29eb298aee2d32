/** Media that comes so much slower than the clock is a source that will be late for ever. */
const LEAST_RATIO = 0.9;
const RATIO_WINDOW_MS = 30_000;
const NO_KEYFRAME_MS = 15_000;
const STUCK_MS = 10_000;
/** From one look to the next it is a second; after so long the process itself stood still. */
const ASLEEP_MS = 3_000;

export interface FlowSample {
  readonly now: number;
  readonly openedAt: number;
  readonly bytesAt: number;
  /** Longest honest pause of this source. */
  readonly silenceMs: number;
  /** Source time of the newest frame; undefined before any. */
  readonly newestMs: number | undefined;
  /** When the newest keyframe came; undefined for sound alone, and before the first. */
  readonly keyframeAt: number | undefined;
}

export type Stall = 'silent' | 'slow' | 'no-keyframe' | 'stuck';

/**
 * Looks at a connection once a second and says when another one would be better. What another connection did not better
 * is asked for less and less often: a source may simply have keyframes every minute.
 *
 * Timers come before sockets: after a time in which the process stood still – a disk that hung in a write, a machine that
 * slept – it looks before it has read what waits in the kernel. Nothing of that time is held against the source; a
 * connection that was let go then would take what waits with it.
 */
export class Watchdog {
  #window: { at: number; ms: number }[] = [];
  #newest: number | undefined;
  #movedAt = 0;
  #opened = Number.NaN;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Since then the process has run without a break. */
  #awakeAt = Number.NEGATIVE_INFINITY;
  readonly #patience: Record<Stall, number> = { silent: 1, slow: 1, 'no-keyframe': 1, stuck: 1 };

  judge(sample: FlowSample): Stall | undefined {
    const { now, openedAt, newestMs } = sample;
    if (now - Math.max(this.#lookedAt, openedAt) > ASLEEP_MS) {
      this.#awakeAt = now;
      this.#movedAt = now;
      this.#window = [];
    }
    this.#lookedAt = now;
    if (openedAt !== this.#opened) {
      this.#opened = openedAt;
      this.#window = [];
      this.#newest = undefined;
      this.#movedAt = Math.max(openedAt, this.#awakeAt);
    }
    if (newestMs !== undefined && (this.#newest === undefined || newestMs !== this.#newest)) {
      // A clock that was set anew begins a new window.
      if (this.#newest !== undefined && Math.abs(newestMs - this.#newest) > 60_000) this.#window = [];
      this.#newest = newestMs;
      this.#movedAt = now;
    }
    const stall = this.#find(sample);
    if (stall !== undefined && stall !== 'silent') this.#patience[stall] *= 2;
    return stall;
  }

  /** Media seconds per wall second over the last half minute; undefined before there is enough to say so. */
  get ratio(): number | undefined {
    const first = this.#window[0];
    const last = this.#window.at(-1);
    if (!first || !last || last.at - first.at < 5_000) return undefined;
    return (last.ms - first.ms) / (last.at - first.at);
  }

  #find({ now, bytesAt, openedAt, silenceMs, newestMs, keyframeAt }: FlowSample): Stall | undefined {
    const since = (at: number) => now - Math.max(at, this.#awakeAt);
    if (since(Math.max(bytesAt, openedAt)) >= silenceMs) return 'silent';
    if (newestMs === undefined) return since(openedAt) >= STUCK_MS + silenceMs ? 'stuck' : undefined;
    if (now - this.#movedAt >= Math.max(STUCK_MS * this.#patience.stuck, 2 * silenceMs)) return 'stuck';
    const length = Math.max(RATIO_WINDOW_MS * this.#patience.slow, 6 * silenceMs);
    this.#window.push({ at: now, ms: newestMs });
    let first = this.#window[0];
    while (first && now - first.at > length) {
      this.#window.shift();
      first = this.#window[0];
    }
    if (first && now - first.at >= length - 1_500 && (newestMs - first.ms) / (now - first.at) < LEAST_RATIO)
      return 'slow';
    if (keyframeAt !== undefined && since(keyframeAt) >= NO_KEYFRAME_MS * this.#patience['no-keyframe'])
      return 'no-keyframe';
    return undefined;
  }
}
