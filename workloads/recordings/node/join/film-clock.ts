/** A pause between two frames that is longer than this is a hole. Milliseconds. */
const LEAST_HOLE_MS = 100;

export interface FilmGap {
  readonly fromWall: number;
  readonly toWall: number;
  readonly ms: number;
  readonly why: string;
}

/** Follows the frames of a film in its own time, and finds what is missing in it. */
export class FilmClock {
  readonly gaps: FilmGap[] = [];
  #newest: number | undefined;
  #interval = 40;
  #own = new Map<number, number>();
  firstMs: number | undefined;

  /** @param stream picture or sound. @param ms film time. @param wall what it was in wall time. */
  see(stream: number, ms: number, wall: number): void {
    const before = this.#own.get(stream);
    const step = before === undefined ? 0 : ms - before;
    this.#own.set(stream, ms);
    this.firstMs ??= ms;
    if (this.#newest !== undefined) {
      const distance = ms - this.#newest;
      if (distance > Math.max(LEAST_HOLE_MS, 2.5 * this.#interval)) {
        const missing = Math.round(distance - this.#interval);
        this.gaps.push({
          fromWall: Math.round(wall - missing),
          toWall: Math.round(wall),
          ms: missing,
          why: 'missing',
        });
      } else if (step > 0 && step < 2_000) this.#interval += (step - this.#interval) / 16;
    }
    if (this.#newest === undefined || ms > this.#newest) this.#newest = ms;
  }

  /** Film time behind the last frame. */
  get endMs(): number {
    return this.#newest === undefined ? 0 : this.#newest + Math.round(this.#interval);
  }

  get lossMs(): number {
    return this.gaps.reduce((sum, { ms }) => sum + ms, 0);
  }
}
