import { useLanguage } from '@backlot/console/workload';
import { useMemo } from 'react';
import type { Range } from './ranges.ts';

/** A moment to the millisecond, by the reader's clock; only as fine as a window needs when one is given. */
export function useWallClock(): (ms: number, window?: Range) => string {
  const { language } = useLanguage();
  return useMemo(() => {
    // Made once: making one takes a thousand times as long as using it, and a timeline tells thousands of moments.
    const clock = (finer: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...finer });
    const minutes = clock({});
    const seconds = clock({ second: '2-digit' });
    const milliseconds = clock({ second: '2-digit', fractionalSecondDigits: 3 });
    return (ms, window) => {
      const length = window ? window.to - window.from : 0;
      const finest = length < 60_000 ? milliseconds : length < 4 * 3_600_000 ? seconds : minutes;
      return finest.format(ms);
    };
  }, [language]);
}
