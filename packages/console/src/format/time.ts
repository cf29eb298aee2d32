import type { Language } from '@backlot/contract/phrase';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A moment with date and seconds in the reader's time zone: what a tooltip and a log need. */
export function formatMoment(at: number | string | Date, language: Language = 'en'): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  }).format(new Date(at));
}

/** Only the time of day, for lists that are about today. */
export function formatTimeOfDay(at: number | string | Date, language: Language = 'en'): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  }).format(new Date(at));
}

/** How long ago or how soon, in the largest unit that says enough: "3 min. ago", "in 2 hours". */
export function formatRelative(at: number | string | Date, now: number, language: Language = 'en'): string {
  const delta = new Date(at).getTime() - now;
  const size = Math.abs(delta);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  if (size < minute) return format.format(Math.round(delta / 1000), 'second');
  if (size < hour) return format.format(Math.round(delta / minute), 'minute');
  if (size < day) return format.format(Math.round(delta / hour), 'hour');
  return format.format(Math.round(delta / day), 'day');
}

/** Moments on the wire are ISO 8601 strings; arithmetic wants milliseconds. Null stays null. */
export function toMs(at: string | number | null | undefined): number | null {
  if (at === null || at === undefined) return null;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return Number.isFinite(ms) ? ms : null;
}
