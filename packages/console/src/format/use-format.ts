import { useMemo } from 'react';
import { useLanguage } from '../i18n/use-language.ts';
import { formatBytes, formatRate } from './bytes.ts';
import { formatDuration } from './duration.ts';
import { formatNumber, formatPercent } from './number.ts';
import { formatMoment, formatRelative, formatTimeOfDay } from './time.ts';

/** Every formatter, bound to the language that the page is shown in. */
export function useFormat() {
  const { language } = useLanguage();
  return useMemo(
    () => ({
      bytes: (value: number | null | undefined) => formatBytes(value, language),
      rate: (value: number | null | undefined) => formatRate(value, language),
      duration: (ms: number | null | undefined) => formatDuration(ms, language),
      number: (value: number | null | undefined, digits?: number) => formatNumber(value, language, digits),
      percent: (share: number | null | undefined) => formatPercent(share, language),
      moment: (at: number | string | Date) => formatMoment(at, language),
      timeOfDay: (at: number | string | Date) => formatTimeOfDay(at, language),
      relative: (at: number | string | Date, now: number) => formatRelative(at, now, language),
    }),
    [language],
  );
}

export type Format = ReturnType<typeof useFormat>;
