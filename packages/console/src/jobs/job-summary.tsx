import type { Job } from '@backlot/contract/api/jobs';
import type { TaskState } from '@backlot/contract/states/task';
import { useFormat } from '../format/index.ts';
import { useGlossary } from '../i18n/glossary.ts';
import { useTexts } from '../i18n/texts.ts';
import { Facts } from '../parts/page.tsx';
import { FailureNotice, WaitReason } from '../parts/reason.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { stateTone } from '../parts/state-tone.ts';
import { Ago, Duration } from '../parts/time.tsx';
import { JobProgressLine } from './job-progress.tsx';
import classes from './job-summary.module.css';
import { jobTexts } from './texts.ts';

/** What there is to know about any job, whatever its kind. */
export function JobSummary({ job }: { readonly job: Job }) {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  return (
    <div className={classes.summary}>
      <div className={classes.head}>
        <StateBadge state={job.state} />
        <JobProgressLine job={job} />
      </div>
      {job.failure && <FailureNotice failure={job.failure} />}
      <WaitReason reason={job.wait} />
      <TaskCounts job={job} />
      <Facts
        items={[
          [word('word.kind'), job.kind],
          [say('by'), job.createdBy.name],
          [say('created'), <Ago key="created" at={job.createdAt} />],
          [say('took'), <Duration key="took" from={job.startedAt} to={job.endedAt} />],
        ]}
      />
    </div>
  );
}

/** From what is behind a job to what is still before it. */
const order: readonly TaskState[] = [
  'succeeded',
  'failed',
  'canceled',
  'running',
  'frozen',
  'placed',
  'retry_wait',
  'held',
  'queued',
  'blocked',
];

/** How many tasks are in each state, as one bar in the states' colours and in words. */
export function TaskCounts({ job }: { readonly job: Job }) {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  const format = useFormat();
  const counts = order
    .map((state) => ({ state, count: job.counts[state] ?? 0 }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return null;
  return (
    <div>
      <div className={classes.bar} aria-hidden="true">
        {counts.map(({ state, count }) => (
          <span
            key={state}
            style={{ flexGrow: count, background: `var(--state-${stateTone(state)})` }}
            title={`${format.number(count)} ${word(`state.${state}`)}`}
          />
        ))}
      </div>
      <ul className={classes.counts} aria-label={say('counts')}>
        {counts.map(({ state, count }) => (
          <li key={state}>
            <StateBadge state={state} label={`${format.number(count)} ${word(`state.${state}`)}`} />
          </li>
        ))}
      </ul>
    </div>
  );
}
