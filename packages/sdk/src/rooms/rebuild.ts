import type { Clock } from '@backlot/contract/clock';
import { type BackOff, pauseBefore } from './back-off.ts';
import { RoomError } from './errors.ts';
import type { Direction } from './media.ts';

interface RebuildOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly backOff: BackOff;
  /** Makes a new transport of this direction and puts on it what was on the old one. */
  readonly once: (direction: Direction) => Promise<void>;
  /** Whether it is still of use: the session that asked for it goes on. */
  readonly isWanted: () => boolean;
  readonly onLost: () => void;
  readonly onRestored: () => void;
}

/**
 * Builds up lost transports, one run for each direction at a time, for as long as it takes: where the server has no
 * place for the room yet, the next try may find one.
 */
export class Rebuild {
  readonly #options: RebuildOptions;
  readonly #running = new Map<Direction, Promise<void>>();

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  isRunning(direction: Direction): boolean {
    return this.#running.has(direction);
  }

  start(direction: Direction): Promise<void> {
    const running = this.#running.get(direction);
    if (running) return running;
    this.#options.onLost();
    const work = this.#run(direction).finally(() => this.#running.delete(direction));
    this.#running.set(direction, work);
    return work;
  }

  async #run(direction: Direction): Promise<void> {
    const { clock, random, backOff, once, isWanted, onRestored } = this.#options;
    for (let attempt = 0; isWanted(); attempt += 1) {
      await clock.sleep(pauseBefore(attempt, backOff, random()));
      if (!isWanted()) return;
      try {
        await once(direction);
        onRestored();
        return;
      } catch (error) {
        // The session's end is the connection's affair; anything else may be better in a moment.
        if (error instanceof RoomError && error.code === 'disconnected') return;
      }
    }
  }
}
