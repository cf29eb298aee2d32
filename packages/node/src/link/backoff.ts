/** Tries that follow quickly: a control plane that restarts is back within seconds. */
const QUICK_TRIES = 8;
const QUICK_MS = 1_000;
/** A control plane that has started waits a minute for its nodes: this and the time of a connection fit well into it. */
const LONGEST_MS = 32_000;

/**
 * How long to wait before the next try to connect. Full jitter, so that a fleet that lost its control plane at one
 * moment doesn't come back at one moment.
 *
 * @param failures tries that have failed in a row, from 1
 * @param random a number in [0, 1)
 */
export function retryDelay(failures: number, random: number): number {
  if (failures <= QUICK_TRIES) return Math.round(random * Math.min(QUICK_MS, 125 * 2 ** failures));
  return Math.round(random * Math.min(LONGEST_MS, QUICK_MS * 2 ** (failures - QUICK_TRIES)));
}
