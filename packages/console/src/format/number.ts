import type { Language } from '@backlot/contract/phrase';

/** A whole or decimal number with the language's separators. */
export function formatNumber(
  value: number | null | undefined,
  language: Language = 'en',
  digits = 0,
): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** A share from 0 to 1 in per cent. A share that is not quite 1 is never rounded up to 100 %. */
export function formatPercent(share: number | null | undefined, language: Language = 'en'): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–';
  const percent = share * 100;
  const shown = share < 1 ? Math.min(99, Math.round(percent)) : Math.round(percent);
  return language === 'en' ? `${shown} %` : `${shown}%`;
}

/** Large counts in a narrow place: "999", "12.3k", "1.2M". */
export function formatCount(value: number): string {
  if (value < 10_000) return String(value);
  if (value < 999_500) return `${Number((value / 1000).toFixed(value < 99_950 ? 1 : 0))}k`;
  return `${Number((value / 1_000_000).toFixed(1))}M`;
}
