import type { Clock } from '@backlot/contract/clock';

/** It is looked so often whether the time is up, in milliseconds. */
const LOOK_MS = 500;
/** A look that comes so late says that the process itself stood still, in milliseconds. */
const ASLEEP_MS = 2_000;

/**
 * Calls `late` after `ms` in which this process ran. Timers come before sockets: after a time in which it stood still (a
 * disk that hung in a write, a machine that slept) a plain timer is up before what waits in the kernel has been read, and an
 * answer that came in time would count as late. A time of standing still counts as one look, and never is the last.
 * @returns ends the wait; harmless when repeated
 */
export function awakeLimit(clock: Clock, ms: number, late: () => void): () => void {
  let left = ms;
  let spared = false;
  let cancel = () => {};
  const look = (): void => {
    const from = clock.monotonic();
    const pause = Math.min(LOOK_MS, left);
    cancel = clock.after(pause, () => {
      const elapsed = clock.monotonic() - from;
      const asleep = elapsed - pause > ASLEEP_MS;
      left -= asleep ? pause : elapsed;
      // Once: a process that stands still again and again has to come to an end, too.
      const spare = asleep && !spared && left <= 0;
      if (left <= 0 && !spare) {
        late();
        return;
      }
      if (spare) {
        spared = true;
        left = LOOK_MS;
      }
      look();
    });
  };
  look();
  return () => cancel();
}
