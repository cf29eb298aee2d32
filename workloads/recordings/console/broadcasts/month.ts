/** A month as `2026-11`. */
export type Month = string;

export function monthOf(at: Date, timeZone: string): Month {
  return dayOf(at, timeZone).slice(0, 7);
}

/** The day of a moment in a time zone: `2026-11-26`. */
export function dayOf(at: Date, timeZone: string): string {
  // The Swedish form of a date is the ISO form.
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(at);
}

export function shiftMonth(month: Month, by: number): Month {
  const [year = 1970, number = 1] = month.split('-').map(Number);
  const date = new Date(Date.UTC(year, number - 1 + by, 1));
  return date.toISOString().slice(0, 7);
}

/** The weeks of a month as a calendar shows them: whole weeks from Monday, days of other months included. */
export function weeksOf(month: Month): readonly (readonly string[])[] {
  const [year = 1970, number = 1] = month.split('-').map(Number);
  const first = new Date(Date.UTC(year, number - 1, 1));
  const before = (first.getUTCDay() + 6) % 7;
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const weeks = Math.ceil((before + days) / 7);
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_, day) =>
      new Date(Date.UTC(year, number - 1, 1 - before + week * 7 + day)).toISOString().slice(0, 10),
    ),
  );
}

/** When a day begins in a time zone, in ms: noon there minus what its clock says, so that summer time is right, too. */
export function startOfDay(day: string, timeZone: string): number {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(new Date(noon));
  const shownAs = Date.parse(`${parts.replace(' ', 'T')}Z`);
  const guess = Date.parse(`${day}T00:00:00Z`) - (shownAs - noon);
  // The offset at midnight may be another one than at noon: on the day of a change.
  for (const shift of [0, -3_600_000, 3_600_000]) {
    const at = new Date(guess + shift);
    const midnight = new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
    }).format(at);
    if (dayOf(at, timeZone) === day && midnight === '00:00') return at.getTime();
  }
  return guess;
}

export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
