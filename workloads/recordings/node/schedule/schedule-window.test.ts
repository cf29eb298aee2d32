import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { scheduleMoment } from './schedule-window.ts';

const at = (text: string) => Date.parse(text);
const evenings = { windows: [{ cron: '0 20 * * 1-5', minutes: 120 }], timeZone: 'Asia/Shanghai' };

describe('a schedule', () => {
  it('is always open where there is none', () => {
    expect(scheduleMoment(null, 0)).toEqual({ open: true, changesAt: undefined });
  });

  it.each([
    // 20:00 in Shanghai is 12:00 UTC. 26 November 2026 is a Thursday.
    ['2026-11-26T11:59:59Z', false, '2026-11-26T12:00:00Z'],
    ['2026-11-26T12:00:00Z', true, '2026-11-26T14:00:00Z'],
    ['2026-11-26T13:59:59Z', true, '2026-11-26T14:00:00Z'],
    ['2026-11-26T14:00:00Z', false, '2026-11-27T12:00:00Z'],
    ['2026-11-27T14:00:00Z', false, '2026-11-30T12:00:00Z'],
  ])('at %s is open: %s, until %s', (now, open, changes) => {
    expect(scheduleMoment(evenings, at(now))).toEqual({ open, changesAt: at(changes) });
  });

  it('joins windows that overlap', () => {
    const two = {
      windows: [
        { cron: '0 20 * * *', minutes: 90 },
        { cron: '0 21 * * *', minutes: 90 },
      ],
      timeZone: 'UTC',
    };
    expect(scheduleMoment(two, at('2026-11-26T20:30:00Z'))).toEqual({
      open: true,
      changesAt: at('2026-11-26T22:30:00Z'),
    });
  });

  it('keeps its hour when clocks are changed', () => {
    const berlin = { windows: [{ cron: '0 20 * * *', minutes: 60 }], timeZone: 'Europe/Berlin' };
    expect(scheduleMoment(berlin, at('2026-10-24T18:30:00Z')).open).toBe(true);
    expect(scheduleMoment(berlin, at('2026-10-25T18:30:00Z')).open).toBe(false);
    expect(scheduleMoment(berlin, at('2026-10-25T19:30:00Z')).open).toBe(true);
  });

  it('costs a few steps, however many openings a window has', () => {
    const steps = [vi.spyOn(Cron.prototype, 'nextRun'), vi.spyOn(Cron.prototype, 'previousRuns')];
    const always = { windows: [{ cron: '* * * * *', minutes: 10_080 }], timeZone: 'Asia/Shanghai' };
    const now = at('2026-11-26T20:30:10Z');
    const { open, changesAt } = scheduleMoment(always, now);
    expect(open).toBe(true);
    expect(changesAt).toBeGreaterThan(now + 7 * 86_400_000);
    const count = steps.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const step of steps) step.mockRestore();
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(500);
  });

  it('opens nothing by an expression that is none', () => {
    expect(scheduleMoment({ windows: [{ cron: 'every day', minutes: 5 }], timeZone: 'UTC' }, 0)).toEqual({
      open: false,
      changesAt: undefined,
    });
  });

  it('changes exactly when it says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
        fc.integer({ min: 1, max: 3_000 }),
        (now, minutes) => {
          const schedule = { windows: [{ cron: '15 6,18 * * 2', minutes }], timeZone: 'America/New_York' };
          const { open, changesAt } = scheduleMoment(schedule, now);
          if (changesAt === undefined) return false;
          return (
            changesAt > now &&
            scheduleMoment(schedule, changesAt - 1).open === open &&
            scheduleMoment(schedule, changesAt).open !== open
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
