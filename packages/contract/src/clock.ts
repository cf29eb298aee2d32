/**
 * Time as something that is handed in. Decisions take a `Clock`, so that tests can move time by hand and
 * nothing in the kernel depends on how fast a machine happens to be.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. Never compare it across machines: leases use database time. */
  now(): number;
  /** Milliseconds that only ever grow; the right thing for durations and time-outs inside one process. */
  monotonic(): number;
  /** Runs `callback` once after `ms`. The returned function cancels it; cancelling twice is harmless. */
  after(ms: number, callback: () => void): () => void;
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. Its timers never keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref?.();
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
