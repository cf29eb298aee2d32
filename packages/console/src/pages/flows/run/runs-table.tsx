import type { FlowRun } from '@backlot/contract/flow/api';
import { Button } from '@mantine/core';
import { IconArrowsShuffle } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useList } from '../../../api/use-list.ts';
import { useGlossary } from '../../../i18n/glossary.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { type Column, DataTable } from '../../../parts/data-table.tsx';
import { EmptyState } from '../../../parts/empty-state.tsx';
import { useGoTo } from '../../../parts/link.tsx';
import { ListView } from '../../../parts/list-view.tsx';
import { FailureNotice } from '../../../parts/reason.tsx';
import { StateBadge } from '../../../parts/state-badge.tsx';
import { Ago, Duration, Until } from '../../../parts/time.tsx';
import { runsQuery } from '../flow-api.ts';
import { runTexts } from './texts.ts';

interface RunsTableProps {
  readonly query: Readonly<Record<string, string | boolean | undefined>>;
  /** Whether the flow's name is shown: not on the flow's own page. */
  readonly withName: boolean;
  /** Takes away what the list is narrowed down by; left out where it is not, and an empty list means that nothing has run. */
  readonly onShowAll?: (() => void) | undefined;
}

/** Runs, newest first. */
export function RunsTable({ query, withName, onShowAll }: RunsTableProps) {
  const say = useTexts(runTexts);
  const goTo = useGoTo();
  const list = useList(runsQuery(query));
  const columns = useRunColumns(withName);
  return (
    <ListView list={list} rows={8}>
      {(runs) => (
        <DataTable
          fill
          label={say('title')}
          columns={columns}
          rows={runs}
          rowKey={(run) => run.id}
          onOpen={(run) => goTo(`/flows/runs/${run.id}`)}
          onEnd={list.more}
          empty={
            <EmptyState
              icon={<IconArrowsShuffle size={30} stroke={1.4} />}
              title={say(onShowAll ? 'none.filtered' : 'none.title')}
              action={
                onShowAll && (
                  <Button variant="default" onClick={onShowAll}>
                    {say('filter.clear')}
                  </Button>
                )
              }
            >
              {!onShowAll && say('none.text')}
            </EmptyState>
          }
        />
      )}
    </ListView>
  );
}

function useRunColumns(withName: boolean): readonly Column<FlowRun>[] {
  const say = useTexts(runTexts);
  const word = useGlossary();
  return useMemo(() => {
    const title = (run: FlowRun) =>
      titleOf(run.trigger.data) ?? run.trigger.subject?.kind ?? run.trigger.kind;
    const name: Column<FlowRun> = {
      key: 'name',
      header: say('col.flow'),
      width: 'minmax(150px, 1.4fr)',
      phone: 'title',
      cell: (run) => run.name,
    };
    return [
      ...(withName ? [name] : []),
      {
        key: 'about',
        header: word('word.what'),
        width: 'minmax(150px, 1.6fr)',
        phone: withName ? 'meta' : 'title',
        cell: title,
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '110px',
        phone: 'end',
        cell: (run) => <StateBadge state={run.state} />,
      },
      {
        key: 'why',
        header: word('word.why'),
        width: 'minmax(150px, 2.4fr)',
        phone: 'meta',
        cell: (run) =>
          run.failure ? (
            <FailureNotice failure={run.failure} inline />
          ) : run.dueAt !== null ? (
            <Until at={run.dueAt} />
          ) : null,
      },
      {
        key: 'steps',
        header: say('col.steps'),
        width: '90px',
        align: 'end',
        cell: (run) => {
          const all = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
          return say('counts', { done: (run.counts.succeeded ?? 0) + (run.counts.skipped ?? 0), all });
        },
      },
      {
        key: 'took',
        header: word('word.duration'),
        width: '90px',
        align: 'end',
        cell: (run) => <Duration from={run.startedAt} to={run.endedAt} />,
      },
      {
        key: 'began',
        header: say('col.began'),
        width: '110px',
        align: 'end',
        phone: 'meta',
        cell: (run) => <Ago at={run.startedAt} />,
      },
    ];
  }, [say, word, withName]);
}

/** What the thing that began a run calls itself: a broadcast's title, a file's name. */
export function titleOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  for (const key of ['title', 'name', 'channel']) {
    const value: unknown = Reflect.get(data, key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
