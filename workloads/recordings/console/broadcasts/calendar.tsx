import { QueryView, useFormat, useLanguage, useNow, useTexts } from '@backlot/console/workload';
import { ActionIcon, Button } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Calendar as CalendarAnswer } from '../../contract/broadcast.ts';
import { calendarQuery } from '../queries.ts';
import { broadcastTexts } from '../texts.ts';
import classes from './broadcasts-page.module.css';
import { dayOf, monthOf, nextDay, shiftMonth, startOfDay, weeksOf } from './month.ts';

interface CalendarProps {
  readonly month: string | undefined;
  readonly onMonth: (month: string | undefined) => void;
  readonly projectId: string | undefined;
  readonly channelId: string | undefined;
  readonly day: string | undefined;
  readonly onDay: (day: string) => void;
}

export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A month of broadcasts: how many, how long, how big, and what is missing, for each day. */
export function Calendar({ month: given, onMonth, projectId, channelId, day, onDay }: CalendarProps) {
  const say = useTexts(broadcastTexts);
  const { language } = useLanguage();
  const now = useNow();
  const timeZone = ownZone();
  const month = given ?? monthOf(new Date(now), timeZone);
  const weeks = weeksOf(month);
  const from = weeks[0]?.[0] ?? `${month}-01`;
  const to = nextDay(weeks.at(-1)?.at(-1) ?? `${month}-28`);
  const calendar = useQuery(
    calendarQuery({
      from: new Date(startOfDay(from, timeZone)).toISOString(),
      to: new Date(startOfDay(to, timeZone)).toISOString(),
      timeZone,
      projectId,
      channelId,
    }),
  );
  const today = dayOf(new Date(now), timeZone);
  const title = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(
    new Date(`${month}-01T00:00:00Z`),
  );
  const weekday = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  return (
    <section aria-label={title}>
      <header className={classes.month}>
        <ActionIcon aria-label={say('calendar.before')} onClick={() => onMonth(shiftMonth(month, -1))}>
          <IconChevronLeft size={16} aria-hidden="true" />
        </ActionIcon>
        <h2>{title}</h2>
        <ActionIcon aria-label={say('calendar.after')} onClick={() => onMonth(shiftMonth(month, 1))}>
          <IconChevronRight size={16} aria-hidden="true" />
        </ActionIcon>
        {given !== undefined && (
          <Button variant="subtle" onClick={() => onMonth(undefined)}>
            {say('calendar.today')}
          </Button>
        )}
      </header>
      <div className={classes.weekdays} aria-hidden="true">
        {weeks[0]?.map((one) => (
          <span key={one}>{weekday.format(new Date(`${one}T00:00:00Z`))}</span>
        ))}
      </div>
      <QueryView query={calendar} rows={10}>
        {({ days }) => {
          const byDay = new Map(days.map((one) => [one.day, one]));
          return (
            <ol className={classes.days}>
              {weeks.flat().map((one) => (
                <Day
                  key={one}
                  day={one}
                  facts={byDay.get(one)}
                  outside={!one.startsWith(month)}
                  today={one === today}
                  chosen={one === day}
                  onOpen={() => onDay(one)}
                />
              ))}
            </ol>
          );
        }}
      </QueryView>
    </section>
  );
}

interface DayProps {
  readonly day: string;
  readonly facts: CalendarAnswer['days'][number] | undefined;
  readonly outside: boolean;
  readonly today: boolean;
  readonly chosen: boolean;
  readonly onOpen: () => void;
}

function Day({ day, facts, outside, today, chosen, onOpen }: DayProps) {
  const say = useTexts(broadcastTexts);
  const format = useFormat();
  const { language } = useLanguage();
  const name = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  );
  const number = Number(day.slice(8));
  if (!facts || facts.broadcasts === 0) {
    return (
      <li className={classes.day} data-outside={outside || undefined} data-today={today || undefined}>
        <span className={classes.number}>{number}</span>
      </li>
    );
  }
  // A day of channels that are live all the time is full; the bar says how much of a day was recorded.
  const share = Math.min(1, facts.durationMs / 86_400_000);
  return (
    <li className={classes.day} data-outside={outside || undefined} data-today={today || undefined}>
      <button
        type="button"
        className={classes.open}
        aria-pressed={chosen}
        aria-label={say('calendar.day', {
          day: name,
          count: facts.broadcasts,
          length: format.duration(facts.durationMs),
          size: format.bytes(facts.bytes),
        })}
        onClick={onOpen}
      >
        <span className={classes.number}>{number}</span>
        <span className={classes.count}>{say('calendar.count', { count: facts.broadcasts })}</span>
        <span className={classes.detail}>
          {format.duration(facts.durationMs)} · {format.bytes(facts.bytes)}
        </span>
        {facts.lossMs > 0 && (
          <span className={classes.loss}>
            {say('calendar.loss', { loss: format.duration(facts.lossMs) })}
          </span>
        )}
        <span className={classes.share} aria-hidden="true">
          <span style={{ transform: `scaleX(${share})` }} />
        </span>
      </button>
    </li>
  );
}
