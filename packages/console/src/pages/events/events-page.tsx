import { type Event, kernelEventKinds } from '@backlot/contract/api/events';
import { Autocomplete, Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconActivity } from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useEvents } from '../../api/live.tsx';
import { eventsQuery } from '../../api/queries.ts';
import { useList } from '../../api/use-list.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { Page } from '../../parts/page.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { type EventFilter, matchesFilter, mergeEvents } from './event-buffer.ts';
import { EventTabs } from './event-tabs.tsx';
import { SubjectLink } from './subject-link.tsx';
import { eventTexts } from './texts.ts';

/** Everything that happens, as it happens. New lines wait until the reader asks for them: nothing jumps. */
export default function EventsPage() {
  const say = useTexts(eventTexts);
  const { project } = useSession();
  const [kind, setKind] = useSearch('kind');
  const [open, setOpen] = useSearch('open');
  const [text, setText] = useState(kind ?? '');
  const [wanted] = useDebouncedValue(text.trim(), 250);
  useEffect(() => setKind(wanted === '' ? undefined : wanted), [wanted, setKind]);
  const filter = useMemo<EventFilter>(() => ({ kind, projectId: project?.id }), [kind, project?.id]);
  const list = useList(eventsQuery({ ...filter }));
  const { fresh, take } = useFreshEvents(filter);
  const [taken, setTaken] = useState<readonly Event[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another list
  useEffect(() => setTaken([]), [filter]);
  const rows = useMemo(() => mergeEvents(taken, list.items ?? []), [taken, list.items]);
  const columns = useEventColumns();
  const selected = rows.find((event) => String(event.seq) === open);

  return (
    <Page
      fill
      title={say('title')}
      aside={<EventTabs active="events" />}
      actions={<AsMenu apiPath="/api/v1/events" />}
      toolbar={
        <>
          <Autocomplete
            size="xs"
            aria-label={say('kind')}
            placeholder={say('kind.any')}
            data={[...kernelEventKinds]}
            value={text}
            onChange={setText}
            w={220}
            comboboxProps={{ transitionProps: { duration: 90 } }}
          />
          {/* Its place is kept, so that the table below stays where it is. */}
          <Button
            variant="light"
            style={{ visibility: fresh.length > 0 ? 'visible' : 'hidden' }}
            onClick={() => setTaken((before) => mergeEvents(take(), before))}
          >
            {say('fresh', { count: fresh.length })}
          </Button>
        </>
      }
    >
      <ListView list={list} rows={8}>
        {() => (
          <DataTable
            fill
            label={say('title')}
            columns={columns}
            rows={rows}
            rowKey={(event) => String(event.seq)}
            selected={open}
            onOpen={(event) => setOpen(String(event.seq))}
            onEnd={list.more}
            empty={
              kind === undefined ? (
                <EmptyState icon={<IconActivity size={32} stroke={1.4} />} title={say('none.title')}>
                  {say('none.text')}
                </EmptyState>
              ) : (
                <EmptyState title={say('none.filtered')}>{say('none.filtered.text')}</EmptyState>
              )
            }
          />
        )}
      </ListView>
      {selected && (
        <SidePanel title={selected.kind} onClose={() => setOpen(undefined)}>
          <EventDetails event={selected} />
        </SidePanel>
      )}
    </Page>
  );
}

const gatherMs = 500;

/** Events that came since the page was opened and are not shown yet; counted at most twice a second. */
function useFreshEvents(filter: EventFilter): { fresh: readonly Event[]; take: () => readonly Event[] } {
  const [fresh, setFresh] = useState<readonly Event[]>([]);
  const gathered = useRef<Event[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another list
  useEffect(() => {
    gathered.current = [];
    setFresh([]);
    return () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [filter]);
  useEvents(
    useCallback(
      (event: Event) => {
        if (!matchesFilter(event, filter)) return;
        gathered.current.push(event);
        // Not a debounce: a fleet that never rests would never be counted.
        timer.current ??= setTimeout(() => {
          timer.current = undefined;
          const arrived = gathered.current;
          gathered.current = [];
          setFresh((before) => mergeEvents(arrived, before));
        }, gatherMs);
      },
      [filter],
    ),
  );
  const take = () => {
    const all = mergeEvents(gathered.current, fresh);
    gathered.current = [];
    setFresh([]);
    return all;
  };
  return { fresh, take };
}

function useEventColumns(): readonly Column<Event>[] {
  const say = useTexts(eventTexts);
  const word = useGlossary();
  const format = useFormat();
  return useMemo(
    () => [
      {
        key: 'at',
        header: word('word.when'),
        width: '90px',
        cell: (event) => <span title={format.moment(event.at)}>{format.timeOfDay(event.at)}</span>,
        phone: 'end',
      },
      {
        key: 'kind',
        header: word('word.kind'),
        width: 'minmax(150px, 1fr)',
        cell: (event) => event.kind,
        phone: 'title',
      },
      {
        key: 'subject',
        header: say('subject'),
        width: 'minmax(160px, 1fr)',
        cell: (event) => <SubjectLink kind={event.subject.kind} id={event.subject.id} />,
        phone: 'meta',
      },
      {
        key: 'details',
        header: say('details'),
        width: 'minmax(180px, 3fr)',
        cell: (event) => <span className="dim">{summarize(event.body)}</span>,
        phone: 'meta',
      },
      { key: 'seq', header: '#', width: '70px', cell: (event) => format.number(event.seq), align: 'end' },
    ],
    [say, word, format],
  );
}

/** The body's plain values in one line; nested ones are in the details. */
function summarize(body: Event['body']): string {
  return Object.entries(body)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join(' · ');
}

function EventDetails({ event }: { readonly event: Event }) {
  const format = useFormat();
  return (
    <>
      <p>
        {format.moment(event.at)} · #{format.number(event.seq)}
      </p>
      <p>
        <SubjectLink kind={event.subject.kind} id={event.subject.id} />
      </p>
      <JsonView value={event.body} />
    </>
  );
}
