import type { Job } from '@backlot/contract/api/jobs';
import { jobStates } from '@backlot/contract/states/job';
import { IconListCheck } from '@tabler/icons-react';
import { useMemo } from 'react';
import { jobsQuery } from '../../api/queries.ts';
import { useList } from '../../api/use-list.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { JobProgressLine } from '../../jobs/job-progress.tsx';
import { jobTexts } from '../../jobs/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { ChoiceFilter, TextFilter, useTextSearch } from '../../parts/filters.tsx';
import { useGoTo } from '../../parts/link.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { Page } from '../../parts/page.tsx';
import { FailureNotice, WaitReason } from '../../parts/reason.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago, Duration } from '../../parts/time.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { JobPanel } from './job-panel.tsx';

/** Everything that was submitted, of every kind of work, newest first. */
export default function JobsPage() {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  const goTo = useGoTo();
  const { project } = useSession();
  const [state, setState] = useSearch('state');
  const [open, setOpen] = useSearch('open');
  const search = useTextSearch();
  const filtered = state !== undefined || search.wanted !== undefined;
  const list = useList(jobsQuery({ state, projectId: project?.id, text: search.wanted }));
  const columns = useJobColumns();
  return (
    <Page
      fill
      title={say('title')}
      actions={<AsMenu apiPath="/api/v1/jobs" />}
      toolbar={
        <>
          <TextFilter label={say('filter.text')} search={search} />
          <ChoiceFilter
            label={word('word.state')}
            placeholder={say('filter.state')}
            choices={jobStates}
            nameOf={(one) => word(`state.${one}`)}
            value={state}
            onChange={setState}
          />
        </>
      }
    >
      <ListView list={list} rows={8}>
        {(items) => (
          <DataTable
            fill
            label={say('title')}
            columns={columns}
            rows={items}
            rowKey={(job) => job.id}
            selected={open}
            onOpen={(job) => (open === job.id ? goTo(`/jobs/${job.id}`) : setOpen(job.id))}
            onEnd={list.more}
            empty={
              filtered ? (
                <EmptyState title={say('none.filtered')}>{say('none.filtered.text')}</EmptyState>
              ) : (
                <EmptyState icon={<IconListCheck size={32} stroke={1.4} />} title={say('none.title')}>
                  {say('none.text')}
                </EmptyState>
              )
            }
          />
        )}
      </ListView>
      {open !== undefined && <JobPanel id={open} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

function useJobColumns(): readonly Column<Job>[] {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'name',
        header: word('word.name'),
        width: 'minmax(140px, 2fr)',
        cell: (job) => job.name,
        phone: 'title',
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '110px',
        cell: (job) => <StateBadge state={job.state} />,
        phone: 'end',
      },
      {
        key: 'progress',
        header: word('word.progress'),
        width: 'minmax(110px, 1.2fr)',
        cell: (job) => <JobProgressLine job={job} withEta={false} />,
        phone: 'meta',
      },
      {
        key: 'why',
        header: word('word.why'),
        width: 'minmax(140px, 3fr)',
        cell: (job) =>
          job.failure ? (
            <FailureNotice failure={job.failure} inline />
          ) : (
            <WaitReason reason={job.wait} plain />
          ),
        phone: 'meta',
      },
      { key: 'kind', header: word('word.kind'), width: '80px', cell: (job) => job.kind.split('.', 1)[0] },
      { key: 'by', header: say('by'), width: '110px', cell: (job) => job.createdBy.name },
      {
        key: 'took',
        header: say('took'),
        width: '90px',
        cell: (job) => <Duration from={job.startedAt} to={job.endedAt} />,
        align: 'end',
      },
      {
        key: 'created',
        header: say('created'),
        width: '100px',
        cell: (job) => <Ago at={job.createdAt} />,
        align: 'end',
        phone: 'meta',
      },
    ],
    [say, word],
  );
}
