import type { Language } from '@backlot/contract/phrase';

interface UnitNames {
  readonly d: string;
  readonly h: string;
  readonly min: string;
  readonly s: string;
  readonly ms: string;
  readonly gap: string;
}

const names: Record<Language, UnitNames> = {
  en: { d: 'd', h: 'h', min: 'min', s: 's', ms: 'ms', gap: ' ' },
  'zh-CN': { d: '天', h: '小时', min: '分', s: '秒', ms: '毫秒', gap: '' },
};

/**
 * A duration with its two leading units: "420 ms", "8.3 s", "4 min 12 s", "2 h 5 min", "3 d 4 h".
 * More would only be noise; less hides whether it moves.
 */
export function formatDuration(ms: number | null | undefined, language: Language = 'en'): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms) || ms < 0) return '–';
  const { d, h, min, s, ms: msName, gap } = names[language];
  const join = (...parts: [number, string][]) =>
    parts
      .filter(([value], index) => index === 0 || value > 0)
      .map(([value, unit]) => `${value}${gap}${unit}`)
      .join(' ');
  if (ms < 1000 && Math.round(ms) < 1000) return join([Math.round(ms), msName]);
  if (ms < 9_950) {
    const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(ms / 1000);
    return `${tenths}${gap}${s}`;
  }
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return join([seconds, s]);
  if (seconds < 3600) return join([Math.floor(seconds / 60), min], [seconds % 60, s]);
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return join([Math.floor(minutes / 60), h], [minutes % 60, min]);
  const hours = Math.round(minutes / 60);
  return join([Math.floor(hours / 24), d], [hours % 24, h]);
}

/** A clock-like form for counters that tick: "0:07", "12:30", "1:02:05". Its width hardly changes. */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(total % 60).padStart(2, '0');
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}
