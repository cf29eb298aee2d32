import type { Task } from '@backlot/contract/api/jobs';
import { taskStates } from '@backlot/contract/states/task';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { jobQuery, tasksQuery } from '../../api/queries.ts';
import { useList } from '../../api/use-list.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { JobActions } from '../../jobs/job-actions.tsx';
import { JobSummary } from '../../jobs/job-summary.tsx';
import { TaskPanel } from '../../jobs/task-panel.tsx';
import { jobTexts } from '../../jobs/texts.ts';
import { useTaskProgress } from '../../jobs/use-task-progress.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { ChoiceFilter } from '../../parts/filters.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { Link } from '../../parts/link.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { Progress } from '../../parts/progress.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { FailureNotice, WaitReason } from '../../parts/reason.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Duration } from '../../parts/time.tsx';
import { useParam, useSearch } from '../../parts/use-search.ts';
import { jobPath, useWorkloads } from '../../workloads/use-workloads.ts';

/** A job of any kind with all its tasks; kinds with a page of their own link to it. */
export default function JobPage() {
  const id = useParam('id');
  const say = useTexts(jobTexts);
  const workloads = useWorkloads();
  const job = useQuery(jobQuery(id));
  const own = job.data ? jobPath(workloads, job.data) : undefined;
  return (
    <Page
      title={job.data?.name ?? say('title')}
      aside={own !== undefined && own !== `/jobs/${id}` && <Link to={own}>{say('openOwn')}</Link>}
      actions={<AsMenu apiPath={`/api/v1/jobs/${id}`} />}
    >
      <QueryView query={job} rows={6}>
        {(data) => (
          <>
            <JobSummary job={data} />
            <JobActions job={data} />
            <JobTasks jobId={id} />
            <Section title={say('parameters')}>
              <JsonView value={data.parameters} />
            </Section>
            {Object.keys(data.facts).length > 0 && (
              <Section title={say('facts')}>
                <JsonView value={data.facts} />
              </Section>
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}

function JobTasks({ jobId }: { readonly jobId: string }) {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  const [state, setState] = useSearch('state');
  const [open, setOpen] = useSearch('task');
  const list = useList(tasksQuery({ jobId, state }));
  const columns = useTaskColumns();
  return (
    <Section
      title={say('tasks')}
      actions={
        <ChoiceFilter
          label={word('word.state')}
          placeholder={say('tasks.all')}
          choices={taskStates}
          nameOf={(one) => word(`state.${one}`)}
          value={state}
          onChange={setState}
          width={170}
        />
      }
    >
      <ListView list={list} rows={5}>
        {(items) => (
          <DataTable
            label={say('tasks')}
            columns={columns}
            rows={items}
            rowKey={(task) => task.id}
            selected={open}
            onOpen={(task) => setOpen(task.id)}
            onEnd={list.more}
            maxHeight={520}
            empty={<p className="dim">{say('tasks.none')}</p>}
          />
        )}
      </ListView>
      {open !== undefined && <TaskPanel id={open} onClose={() => setOpen(undefined)} />}
    </Section>
  );
}

function useTaskColumns(): readonly Column<Task>[] {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'key',
        header: word('noun.task'),
        width: 'minmax(120px, 1.2fr)',
        cell: (task) => task.key,
        phone: 'title',
      },
      {
        key: 'kind',
        header: word('word.kind'),
        width: '130px',
        cell: (task) => <span className="dim">{task.kind}</span>,
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '120px',
        cell: (task) => <StateBadge state={task.state} />,
        phone: 'end',
      },
      {
        key: 'why',
        header: word('word.why'),
        width: 'minmax(140px, 2fr)',
        cell: (task) => <TaskNow task={task} />,
        phone: 'meta',
      },
      {
        key: 'node',
        header: say('node'),
        width: '110px',
        cell: (task) => task.allocation?.nodeName ?? '–',
        phone: 'meta',
      },
      {
        key: 'attempt',
        header: say('attempt'),
        width: '70px',
        cell: (task) => say('attempt.of', { n: task.attempt, max: task.maxAttempts }),
        align: 'end',
      },
      {
        key: 'took',
        header: say('took'),
        width: '90px',
        cell: (task) => (
          <Duration from={task.allocation?.startedAt ?? null} to={task.allocation?.endedAt ?? null} />
        ),
        align: 'end',
      },
    ],
    [say, word],
  );
}

/** Why a task waits, how far it is, or why it failed: whichever is the question now. */
function TaskNow({ task }: { readonly task: Task }) {
  const progress = useTaskProgress(task);
  if (task.failure && task.state !== 'running') return <FailureNotice failure={task.failure} inline />;
  if (task.wait) return <WaitReason reason={task.wait} plain />;
  if (task.state === 'running' && progress) {
    return (
      <span title={progress.message}>
        <Progress fraction={progress.fraction ?? null} label={task.key} withText />
      </span>
    );
  }
  return null;
}
