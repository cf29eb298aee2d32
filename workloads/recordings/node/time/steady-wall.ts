import type { Clock } from '@backlot/contract/clock';

/**
 * Wall time that never jumps: set once, then counted by the monotonic clock. Holes are measured with it, so a correction
 * of the machine's clock in the middle of a broadcast is no hole.
 */
export function steadyWall(clock: Clock): () => number {
  const offset = clock.now() - clock.monotonic();
  return () => offset + clock.monotonic();
}
