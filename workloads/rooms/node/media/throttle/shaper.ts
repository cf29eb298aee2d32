/** How a path is made worse: what `Throttle` says, for one direction. */
export interface PathSettings {
  readonly kbps: number | null;
  readonly delayMs: number;
  /** Share lost, 0 to 1. */
  readonly loss: number;
}

/** Milliseconds of data that wait before the path drops, as a router's queue does. */
const queueMs = 300;

/** One direction of a bad path: says of each datagram when it arrives, or that it doesn't. Pure but for its memory. */
export class Shaper {
  #settings: PathSettings;
  readonly #random: () => number;
  /** When the path is free again. */
  #freeAt = 0;

  constructor(settings: PathSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  set settings(settings: PathSettings) {
    this.#settings = settings;
  }

  /**
   * @param bytes of the datagram with its headers.
   * @param now milliseconds, monotonic.
   * @returns milliseconds until it arrives; null: never.
   */
  admit(bytes: number, now: number): number | null {
    const { kbps, delayMs, loss } = this.#settings;
    if (loss > 0 && this.#random() < loss) return null;
    if (kbps === null) return delayMs;
    const wait = Math.max(0, this.#freeAt - now);
    if (wait > queueMs) return null;
    const sending = (bytes * 8) / kbps;
    this.#freeAt = now + wait + sending;
    return wait + sending + delayMs;
  }
}
