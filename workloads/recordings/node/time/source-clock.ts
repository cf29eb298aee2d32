/** Beyond this a time does not simply follow the one before it. Milliseconds; BililiveRecorder's measure too. */
export const JUMP_MS = 500;
/** A hole is believed when so much less wall time went by than the source says; buffers on the way shorten it. */
const WALL_SLACK_MS = 1_000;
/** A step over the end of the counter is at most so long, or it is a jump like any other. */
const WRAP_SLACK_MS = 60_000;
/** So many jumps within a minute, and the source's clock is worth nothing. */
const MOST_JUMPS = 20;
const JUMP_WINDOW_MS = 60_000;

/**
 * What a time says about the one before it.
 *
 * ok      follows it (also over the end of the counter)
 * hole    media is missing, and real time went by: the timeline is right, the hole stays
 * jump    the clock of the source was set anew; wall time did not go by. A new run begins
 */
export type ClockVerdict = 'ok' | 'hole' | 'jump';

/** FLV counts milliseconds in 32 bits; some encoders turn over at 31. */
export const flvWraps: readonly number[] = [2 ** 32, 2 ** 31];
/** MPEG-TS counts 90 kHz in 33 bits; in milliseconds. */
export const tsWraps: readonly number[] = [2 ** 33 / 90];

/**
 * The clock of a source, made one that only counts on: unwrapped, with the jumps named. Streams (picture, sound) share
 * it; where only one of them jumps, its own offset is set so that they stay together.
 */
export class SourceClock {
  readonly #wraps: readonly number[];
  #raw = 0;
  #wall = 0;
  #seen = false;
  readonly #own = new Map<number, { raw: number; offset: number; interval: number }>();
  #jumps: number[] = [];

  /** Unwrapped source time of the last `see`, in milliseconds. */
  ms = 0;
  /** What the last `hole` lacks, in milliseconds. */
  holeMs = 0;
  /** Tags whose time was set so that picture and sound stay together. */
  realigned = 0;

  constructor(wraps: readonly number[]) {
    this.#wraps = wraps;
  }

  /** So much is known to be missing before the next time: a step of that length is a hole, whenever it comes. */
  expectHole(ms: number): void {
    this.#expected = ms;
  }
  #expected = 0;

  /** What follows has a clock of its own. */
  restart(): void {
    this.#seen = false;
    this.#own.clear();
  }

  /** Jumps come so often that another connection is the better answer. */
  get broken(): boolean {
    return this.#jumps.length > MOST_JUMPS;
  }

  /** The usual distance of two frames of a stream, in milliseconds; 0 where it is not known yet. */
  interval(stream: number): number {
    return this.#own.get(stream)?.interval ?? 0;
  }

  /** @param raw as the source counts, milliseconds. @param wall when it arrived, milliseconds of a monotonic clock. */
  see(stream: number, raw: number, wall: number): ClockVerdict {
    const own = this.#own.get(stream);
    if (!this.#seen) {
      this.#seen = true;
      this.#set(stream, raw, raw, wall, own, 0);
      return 'ok';
    }
    const tolerance = Math.max(JUMP_MS, 3 * (own?.interval ?? 0));
    const plain = this.#nearest(raw - this.#raw);
    if (Math.abs(plain) <= tolerance) {
      this.#set(stream, raw, this.ms + plain, wall, own, 0);
      return 'ok';
    }
    const ownStep = own ? this.#nearest(raw - own.raw) : Number.POSITIVE_INFINITY;
    if (own && Math.abs(ownStep) <= tolerance) {
      // This stream goes on; the other one has jumped, and a run began with it. Stay beside it.
      const offset = own.offset !== 0 ? own.offset : this.#raw - raw;
      const shifted = this.#nearest(raw + offset - this.#raw);
      const step = Math.abs(shifted) <= tolerance ? shifted : 0;
      this.realigned += 1;
      this.#own.set(stream, { ...own, raw, offset: this.#raw + step - raw });
      this.ms += step;
      this.#raw += step;
      this.#wall = wall;
      return 'ok';
    }
    const elapsed = wall - this.#wall;
    const slack = WALL_SLACK_MS + this.#expected;
    this.#expected = 0;
    if (plain > 0 && elapsed + slack >= plain && plain < 3_600_000) {
      this.holeMs = Math.max(0, plain - (own?.interval ?? 0));
      this.#set(stream, raw, this.ms + plain, wall, undefined, own?.interval ?? 0);
      return 'hole';
    }
    this.#jumps = [...this.#jumps.filter((at) => wall - at < JUMP_WINDOW_MS), wall];
    // The other stream keeps its place: if it does not jump too, it is the one that is set beside this one.
    this.#set(stream, raw, raw, wall, undefined, 0);
    return 'jump';
  }

  #set(
    stream: number,
    raw: number,
    ms: number,
    wall: number,
    own: { raw: number; interval: number; offset: number } | undefined,
    interval: number,
  ): void {
    this.#raw = raw;
    this.ms = ms;
    this.#wall = wall;
    if (!own) {
      this.#own.set(stream, { raw, offset: 0, interval });
      return;
    }
    const step = raw - own.raw;
    if (step > 0 && step < 10_000)
      own.interval = own.interval === 0 ? step : own.interval + (step - own.interval) / 8;
    own.raw = raw;
    own.offset = 0;
  }

  /** The same step, over the end of the counter where that makes it a small one. */
  #nearest(step: number): number {
    if (step <= JUMP_MS && step >= -JUMP_MS) return step;
    let best = step;
    for (const wrap of this.#wraps) {
      const up = step + wrap;
      const down = step - wrap;
      if (Math.abs(up) < WRAP_SLACK_MS && Math.abs(up) < Math.abs(best)) best = up;
      if (Math.abs(down) < WRAP_SLACK_MS && Math.abs(down) < Math.abs(best)) best = down;
    }
    return best;
  }
}
