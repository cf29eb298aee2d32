import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, monthOf, nextDay, shiftMonth, startOfDay, weeksOf } from './month.ts';

describe('months of the calendar', () => {
  it('has whole weeks from Monday', () => {
    const weeks = weeksOf('2026-11');
    expect(weeks[0]?.[0]).toBe('2026-10-26');
    expect(weeks.at(-1)?.[6]).toBe('2026-12-06');
    expect(weeks.every((week) => week.length === 7)).toBe(true);
    expect(weeksOf('2027-02').length).toBe(4);
  });

  it('goes over the ends of years', () => {
    expect([shiftMonth('2026-12', 1), shiftMonth('2026-01', -1), shiftMonth('2026-11', 0)]).toEqual([
      '2027-01',
      '2025-12',
      '2026-11',
    ]);
    expect(nextDay('2026-12-31')).toBe('2027-01-01');
  });

  it('knows the day where the reader is', () => {
    const at = new Date('2026-11-26T20:30:00Z');
    expect(dayOf(at, 'Asia/Shanghai')).toBe('2026-11-27');
    expect(monthOf(new Date('2026-11-30T23:00:00Z'), 'Europe/Stockholm')).toBe('2026-12');
  });

  it.each([
    ['2026-11-26', 'UTC', '2026-11-26T00:00:00.000Z'],
    ['2026-11-26', 'Asia/Shanghai', '2026-11-25T16:00:00.000Z'],
    ['2026-03-29', 'Europe/Stockholm', '2026-03-28T23:00:00.000Z'],
    ['2026-10-25', 'Europe/Stockholm', '2026-10-24T22:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z'],
  ])('%s begins in %s at %s', (day, zone, at) => {
    expect(new Date(startOfDay(day, zone)).toISOString()).toBe(at);
  });

  it('a day begins on that day, anywhere', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20_000 }),
        fc.constantFrom(
          'UTC',
          'Asia/Shanghai',
          'Europe/Stockholm',
          'America/New_York',
          'Australia/Lord_Howe',
        ),
        (days, zone) => {
          const day = new Date(days * 86_400_000).toISOString().slice(0, 10);
          expect(dayOf(new Date(startOfDay(day, zone)), zone)).toBe(day);
        },
      ),
    );
  });
});
