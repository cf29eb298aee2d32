import {
  AsMenu,
  ChoiceFilter,
  Page,
  TextFilter,
  useChoices,
  useLanguage,
  useSearch,
  useSession,
  useTextSearch,
  useTexts,
} from '@backlot/console/workload';
import { Button, SegmentedControl } from '@mantine/core';
import { broadcastStates } from '../../contract/broadcast.ts';
import { channelChoices } from '../queries.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { broadcastTexts, recordingTexts } from '../texts.ts';
import { BroadcastTable } from './broadcast-table.tsx';
import classes from './broadcasts-page.module.css';
import { Calendar, ownZone } from './calendar.tsx';
import { nextDay, startOfDay } from './month.ts';

/** What was recorded: as a list, or as a month. */
export default function BroadcastsPage() {
  const say = useTexts(broadcastTexts);
  const words = useTexts(recordingTexts);
  const { language } = useLanguage();
  const { project } = useSession();
  const [as = 'list', setAs] = useSearch('as');
  const [state, setState] = useSearch('state');
  const [channelId, setChannelId] = useSearch('channel');
  const [day, setDay] = useSearch('day');
  const [month, setMonth] = useSearch('month');
  const search = useTextSearch();
  const { data: channels = [] } = useChoices(channelChoices(project?.id));
  const asCalendar = as === 'calendar';
  const zone = ownZone();
  const dayName =
    day &&
    new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(
      new Date(`${day}T00:00:00Z`),
    );
  const query = {
    projectId: project?.id,
    channelId,
    state,
    text: search.wanted,
    from: day && new Date(startOfDay(day, zone)).toISOString(),
    to: day && new Date(startOfDay(nextDay(day), zone)).toISOString(),
  };
  return (
    <Page
      title={say('title')}
      fill={!asCalendar}
      aside={<ViewTabs active="broadcasts" />}
      actions={<AsMenu apiPath="/api/v1/broadcasts" />}
      toolbar={
        <>
          {!asCalendar && <TextFilter label={words('filter.title')} search={search} />}
          <ChoiceFilter
            label={words('col.channel')}
            placeholder={words('filter.channel')}
            choices={channels.map(({ id }) => id)}
            nameOf={(id) => channels.find((channel) => channel.id === id)?.settings.name ?? id}
            value={channelId}
            onChange={setChannelId}
            searchable
            width={200}
          />
          {!asCalendar && (
            <ChoiceFilter
              label={words('col.state')}
              placeholder={words('filter.state')}
              choices={broadcastStates}
              nameOf={(one) => say(one === 'removed' ? 'filter.removed' : `state.${one}`)}
              value={state}
              onChange={setState}
            />
          )}
          <SegmentedControl
            aria-label={words('as')}
            data={[
              { value: 'list', label: words('as.list') },
              { value: 'calendar', label: words('as.calendar') },
            ]}
            value={as}
            onChange={(value) => setAs(value === 'calendar' ? 'calendar' : undefined)}
          />
        </>
      }
    >
      {asCalendar && (
        <Calendar
          month={month}
          onMonth={setMonth}
          projectId={project?.id}
          channelId={channelId}
          day={day}
          onDay={setDay}
        />
      )}
      {day && (
        <header className={classes.dayHead}>
          <h2>{say('day.of', { day: dayName ?? day })}</h2>
          <Button variant="subtle" onClick={() => setDay(undefined)}>
            {say('day.clear')}
          </Button>
        </header>
      )}
      {(!asCalendar || day) && (
        <BroadcastTable query={query} withChannel {...(asCalendar ? { maxHeight: 360 } : {})} />
      )}
    </Page>
  );
}
