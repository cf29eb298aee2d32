import { type Clock, systemClock } from '@backlot/contract';

/**
 * The machine's clock that a test can put forward: what was to happen in that time happens at once, in order. Everything
 * else runs as usual, so that databases and sockets are not held up by a time that stands still.
 */
export interface ShiftingClock extends Clock {
  /** Puts the clock forward by so many milliseconds. */
  advance(ms: number): void;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  cancel: () => void;
}

export function shiftingClock(): ShiftingClock {
  let shift = 0;
  const timers = new Set<Timer>();
  const monotonic = () => systemClock.monotonic() + shift;
  const after = (ms: number, callback: () => void) => {
    const timer: Timer = {
      due: monotonic() + ms,
      run() {
        timers.delete(timer);
        timer.cancel();
        callback();
      },
      cancel: () => {},
    };
    timers.add(timer);
    timer.cancel = systemClock.after(ms, () => timers.has(timer) && timer.run());
    return () => {
      timers.delete(timer);
      timer.cancel();
    };
  };
  return {
    now: () => systemClock.now() + shift,
    monotonic,
    after,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const cancel = after(ms, resolve);
        signal?.addEventListener(
          'abort',
          () => {
            cancel();
            reject(signal.reason);
          },
          { once: true },
        );
      });
    },
    advance(ms) {
      shift += ms;
      for (;;) {
        const due = [...timers].filter((timer) => timer.due <= monotonic()).sort((a, b) => a.due - b.due)[0];
        if (!due) return;
        due.run();
      }
    },
  };
}
