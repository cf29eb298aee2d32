import type { Job, Task } from '@backlot/contract/api/jobs';
import type { Overview } from '@backlot/contract/api/overview';
import { Button } from '@mantine/core';
import { IconServer2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { overviewQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/index.ts';
import { useTexts } from '../../i18n/texts.ts';
import { JobProgressLine } from '../../jobs/job-progress.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { Link, useGoTo } from '../../parts/link.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { FailureNotice, WaitReason } from '../../parts/reason.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { jobPath, useWorkloads } from '../../workloads/use-workloads.ts';
import { groupByReason } from './group-by-reason.ts';
import { NodeStrip } from './node-strip.tsx';
import classes from './overview-page.module.css';
import { overviewTexts } from './texts.ts';

/** The whole fleet at a glance: whether all is well, in five seconds. */
export default function OverviewPage() {
  const say = useTexts(overviewTexts);
  const overview = useQuery(overviewQuery());
  return (
    <Page title={say('title')} aside={overview.data && <Summary overview={overview.data} />}>
      <QueryView query={overview} rows={8}>
        {(data) => <Content overview={data} />}
      </QueryView>
    </Page>
  );
}

/** The five seconds, in one line. */
function Summary({ overview }: { readonly overview: Overview }) {
  const say = useTexts(overviewTexts);
  const ready = overview.nodes.filter((node) => node.state === 'ready').length;
  const away = overview.nodes.filter((node) => node.state === 'unreachable' || node.state === 'lost').length;
  return (
    <span className={classes.summary}>
      <span>{say('sum.ready', { count: ready })}</span>
      {away > 0 && <span className={classes.bad}>{say('sum.away', { count: away })}</span>}
      <span>{say('sum.running', { count: overview.running.length })}</span>
      <span>{say('sum.waiting', { count: overview.waiting.length })}</span>
      {overview.failed.length > 0 && (
        <span className={classes.bad}>{say('sum.failed', { count: overview.failed.length })}</span>
      )}
    </span>
  );
}

function Content({ overview }: { readonly overview: Overview }) {
  const say = useTexts(overviewTexts);
  const { can } = useSession();
  const goTo = useGoTo();
  return (
    <>
      <Section title={say('nodes')} actions={<Link to="/nodes">{say('all.nodes')}</Link>}>
        {overview.nodes.length === 0 ? (
          <EmptyState
            icon={<IconServer2 size={32} stroke={1.4} />}
            title={say('nodes.none')}
            action={
              can('nodes.join') && <Button onClick={() => goTo('/nodes?add=1')}>{say('nodes.add')}</Button>
            }
          >
            {say('nodes.none.text')}
          </EmptyState>
        ) : (
          <ul className={classes.list}>
            {overview.nodes.map((node) => (
              <NodeStrip key={node.id} node={node} />
            ))}
          </ul>
        )}
      </Section>
      {isUntouched(overview) && <FirstSteps />}
      <div className={classes.columns}>
        <Section title={say('running')} actions={<Link to="/jobs">{say('all.jobs')}</Link>}>
          <Jobs jobs={overview.running} none={say('running.none')} />
        </Section>
        <Section
          title={say('waiting')}
          aside={overview.waiting.length > 0 ? overview.waiting.length : undefined}
        >
          <Waiting tasks={overview.waiting} />
        </Section>
        <Section
          title={say('failed')}
          aside={overview.failed.length > 0 ? overview.failed.length : undefined}
        >
          <Failed jobs={overview.failed} />
        </Section>
        <Section title={say('storage')}>
          <Storage storage={overview.storage} />
        </Section>
      </div>
    </>
  );
}

/** Machines are there, and nobody has asked anything of them yet. */
function isUntouched({ nodes, running, waiting, failed, storage }: Overview): boolean {
  return nodes.length > 0 && running.length + waiting.length + failed.length + storage.artifacts === 0;
}

/** What one can begin with: the commands of the kinds of work that are built in. */
function FirstSteps() {
  const say = useTexts(overviewTexts);
  const workloads = useWorkloads();
  const { t } = useTranslation();
  const commands = workloads.flatMap(({ name, commands = [] }) =>
    commands.slice(0, 1).map(({ id, label, path }) => ({ id, path, label: t(label, { ns: name }) })),
  );
  if (commands.length === 0) return null;
  return (
    <Section title={say('start.title')}>
      <p className={classes.steps}>
        {commands.map((command) => (
          <Link key={command.id} to={command.path}>
            {command.label}
          </Link>
        ))}
      </p>
    </Section>
  );
}

const shown = 8;

function Jobs({ jobs, none }: { readonly jobs: readonly Job[]; readonly none: string }) {
  const workloads = useWorkloads();
  if (jobs.length === 0) return <p className="dim">{none}</p>;
  return (
    <ul className={classes.list}>
      {jobs.slice(0, shown).map((job) => (
        <li key={job.id} className={classes.item}>
          <Link to={jobPath(workloads, job)} className={classes.itemName}>
            {job.name}
          </Link>
          <JobProgressLine job={job} />
        </li>
      ))}
    </ul>
  );
}

function Waiting({ tasks }: { readonly tasks: readonly Task[] }) {
  const say = useTexts(overviewTexts);
  if (tasks.length === 0) return <p className="dim">{say('waiting.none')}</p>;
  return (
    <ul className={classes.list}>
      {groupByReason(tasks)
        .slice(0, shown)
        .map(({ first, count }) => (
          <li key={first.id} className={classes.item}>
            <div className={classes.itemHead}>
              <span className={classes.itemName}>
                <Link to={`/tasks/${first.id}`} className={classes.itemName}>
                  {first.key}
                </Link>{' '}
                <span className="dim">
                  {count > 1 ? say('waiting.more', { count: count - 1 }) : first.kind}
                </span>
              </span>
              <StateBadge state={first.state} />
            </div>
            <WaitReason reason={first.wait} />
          </li>
        ))}
    </ul>
  );
}

function Failed({ jobs }: { readonly jobs: readonly Job[] }) {
  const say = useTexts(overviewTexts);
  const workloads = useWorkloads();
  if (jobs.length === 0) return <p className="dim">{say('failed.none')}</p>;
  return (
    <ul className={classes.list}>
      {jobs.slice(0, shown).map((job) => (
        <li key={job.id} className={classes.item}>
          <div className={classes.itemHead}>
            <Link to={jobPath(workloads, job)} className={classes.itemName}>
              {job.name}
            </Link>
            <span className="dim">
              <Ago at={job.endedAt} />
            </span>
          </div>
          {job.failure && <FailureNotice failure={job.failure} inline />}
        </li>
      ))}
    </ul>
  );
}

function Storage({ storage }: { readonly storage: Overview['storage'] }) {
  const say = useTexts(overviewTexts);
  const format = useFormat();
  const text = say('storage.text', { free: format.bytes(storage.free), total: format.bytes(storage.total) });
  return (
    <div className={classes.storage}>
      <Meter
        alarming
        label={say('storage')}
        value={storage.total > 0 ? 1 - storage.free / storage.total : null}
        text={text}
      />
      <p className="dim">
        {say('storage.artifacts', {
          count: storage.artifacts,
          shown: format.number(storage.artifacts),
          used: format.bytes(storage.used),
        })}
      </p>
    </div>
  );
}
