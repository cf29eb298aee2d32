/**
 * Lets so many through at a time; the others wait in line, streamers before players. After a restart everybody comes back
 * in the same second: in line nobody is refused, and the database keeps room for everything else.
 */
export class Turnstile {
  #free: number;
  readonly #first: (() => void)[] = [];
  readonly #then: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#first.length + this.#then.length;
  }

  /** Runs `work` when there is a place for it; it is asked then whether it is still wanted. */
  async pass<T>(
    who: 'streamer' | 'player',
    wanted: () => boolean,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    if (this.#free > 0) this.#free -= 1;
    else {
      await new Promise<void>((resolve) => (who === 'streamer' ? this.#first : this.#then).push(resolve));
    }
    try {
      return wanted() ? await work() : undefined;
    } finally {
      // The place is handed over, so that nobody who has just come takes it before those in line.
      const next = this.#first.shift() ?? this.#then.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
