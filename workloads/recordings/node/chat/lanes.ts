/** A message in a lane. Times in milliseconds; it flies from the right border to beyond the left one, or stands in the middle. */
export interface Flight {
  readonly startMs: number;
  readonly endMs: number;
  /** Pixels. */
  readonly width: number;
  readonly flies: boolean;
}

/**
 * Lanes of a picture, one below the other. In a lane no message touches another one at any time: one that stands has it for
 * itself, and of two that fly the later one neither starts into the one before, nor catches up with it. What stands is put
 * first, all of it, and what flies keeps out of its way: where many write, a lane is never empty for long enough otherwise.
 */
export class Lanes {
  readonly #width: number;
  readonly #gap: number;
  readonly #lanes: Lane[];

  /** @param width of the picture. @param gap between two messages, both in pixels. */
  constructor(count: number, width: number, gap: number) {
    this.#lanes = Array.from({ length: count }, () => ({ standing: [], next: 0, flying: undefined }));
    this.#width = width;
    this.#gap = gap;
  }

  /**
   * In the order of time.
   * @param from where to look first
   * @returns number of the lane from the top, undefined when none is free
   */
  stand(flight: Flight, from: 'top' | 'bottom'): number | undefined {
    const free = ({ standing }: Lane) => (standing.at(-1)?.endMs ?? 0) <= flight.startMs;
    const lane = from === 'top' ? this.#lanes.findIndex(free) : this.#lanes.findLastIndex(free);
    this.#lanes[lane]?.standing.push(flight);
    return lane < 0 ? undefined : lane;
  }

  /** In the order of time, after all that stands. @returns as `stand` */
  fly(flight: Flight): number | undefined {
    const lane = this.#lanes.findIndex((one) => isClear(one, flight) && this.#follows(one.flying, flight));
    const found = this.#lanes[lane];
    if (!found) return undefined;
    found.flying = flight;
    return lane;
  }

  /**
   * Both move evenly, so they are apart all the time when they are where the later one begins and where the earlier one is
   * gone. The later one must be the last to go: only the last of a lane is looked at.
   */
  #follows(before: Flight | undefined, next: Flight): boolean {
    if (before === undefined || next.startMs >= before.endMs) return true;
    if (next.endMs < before.endMs) return false;
    const rightOfBefore = leftAt(before, next.startMs, this.#width) + before.width;
    return rightOfBefore + this.#gap <= this.#width && leftAt(next, before.endMs, this.#width) >= this.#gap;
  }
}

interface Lane {
  /** In the order of time. */
  readonly standing: Flight[];
  /** The first of them that is not over when the next message begins to fly. */
  next: number;
  /** The last that flies. */
  flying: Flight | undefined;
}

/** Whether nothing stands in a lane while a message flies through it. */
function isClear(lane: Lane, { startMs, endMs }: Flight): boolean {
  while ((lane.standing[lane.next]?.endMs ?? Number.POSITIVE_INFINITY) <= startMs) lane.next += 1;
  return (lane.standing[lane.next]?.startMs ?? Number.POSITIVE_INFINITY) >= endMs;
}

/** Left border of a message that flies. Pixels. Pure. */
export function leftAt({ startMs, endMs, width }: Flight, ms: number, pictureWidth: number): number {
  return pictureWidth - ((pictureWidth + width) * (ms - startMs)) / (endMs - startMs);
}
