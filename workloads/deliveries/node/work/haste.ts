import type { DiskState } from '@backlot/contract';
import { lastPauseMs } from './backoff.ts';

/** How an upload goes about its work. */
export interface Haste {
  /** The longest pause between two tries. Milliseconds. */
  readonly longestPauseMs: number;
  /** Parts of one file that are on their way at once, where a store takes parts. A kill costs at most so many. */
  readonly partsAtOnce: number;
}

const usual: Haste = { longestPauseMs: lastPauseMs, partsAtOnce: 1 };
/** A minute is still little to a store that is down, and a few parts still leave a line to the recordings beside. */
const hasty: Haste = { longestPauseMs: 60_000, partsAtOnce: 3 };

/**
 * What has arrived can be deleted: on a node whose disk is low nothing waits longer than it must. Not more than the target's
 * own limits allow: those of bandwidth stay, and so does what a store asks for. Pure.
 */
export function hasteOf(disk: DiskState): Haste {
  return disk === 'ok' ? usual : hasty;
}

/** The haste of a piece of work, which changes with the disk of its node. */
export class Urgency {
  #haste: Haste;
  #changed: () => void = () => undefined;

  constructor(disk: DiskState = 'ok') {
    this.#haste = hasteOf(disk);
  }

  get haste(): Haste {
    return this.#haste;
  }

  /** The node's disk stands so now. */
  tell(disk: DiskState): void {
    const before = this.#haste;
    this.#haste = hasteOf(disk);
    if (this.#haste !== before) this.#changed();
  }

  /** Called when it is another; for the one who does the work. */
  whenChanged(changed: () => void): void {
    this.#changed = changed;
  }
}
