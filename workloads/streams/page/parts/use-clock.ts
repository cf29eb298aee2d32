import { useEffect, useState } from 'react';

/** Milliseconds of `performance.now()`, drawn anew every second (or as told) while `runs`. */
export function useClock(runs = true, everyMs = 1_000): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!runs) return;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [runs, everyMs]);
  return now;
}
