import type { Language } from '@backlot/contract/phrase';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/**
 * Bytes as a person reads them: binary units, three significant digits at most ("1.46 GiB", "512 B").
 * Negative and not finite values become a dash, as "unknown" does everywhere in the console.
 */
export function formatBytes(bytes: number | null | undefined, language: Language = 'en'): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes) || bytes < 0) return '–';
  let value = bytes;
  let unit = 0;
  // 1023.5 would be printed as 1024 of the smaller unit.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} ${units[unit]}`;
}

/** A transfer rate: the same units per second. */
export function formatRate(bytesPerSecond: number | null | undefined, language: Language = 'en'): string {
  const text = formatBytes(bytesPerSecond, language);
  return text === '–' ? text : `${text}/s`;
}
