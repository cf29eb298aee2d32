import type { TaskDetail } from '@backlot/contract/api/jobs';
import { useFormat } from '../format/index.ts';
import { useGlossary } from '../i18n/glossary.ts';
import { useTexts } from '../i18n/texts.ts';
import { Link } from '../parts/link.tsx';
import { Facts } from '../parts/page.tsx';
import { Progress } from '../parts/progress.tsx';
import { FailureNotice, WaitReason } from '../parts/reason.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { Ago } from '../parts/time.tsx';
import classes from './job-summary.module.css';
import { jobTexts } from './texts.ts';
import { useTaskProgress } from './use-task-progress.ts';

export function TaskSummary({ task }: { readonly task: TaskDetail }) {
  const say = useTexts(jobTexts);
  const word = useGlossary();
  const format = useFormat();
  const progress = useTaskProgress(task);
  const { cpu, memory, disk, gpus } = task.resources;
  const resources = [
    cpu > 0 && `${format.number(cpu, 2)} × CPU`,
    memory > 0 && format.bytes(memory),
    disk > 0 && `${word('load.disk')} ${format.bytes(disk)}`,
    gpus.length > 0 && `${gpus.length} × GPU ${format.bytes(gpus[0]?.vram)}`,
  ].filter((text) => text !== false);
  return (
    <div className={classes.summary}>
      <div className={classes.head}>
        <StateBadge state={task.state} />
        {progress && task.state === 'running' && (
          <Progress fraction={progress.fraction ?? null} label={task.key} withText />
        )}
      </div>
      {progress?.message && task.state === 'running' && <p className="dim">{progress.message}</p>}
      {task.wait && (
        <div>
          <h3>{say('task.waits')}</h3>
          <WaitReason reason={task.wait} />
        </div>
      )}
      {task.failure && <FailureNotice failure={task.failure} />}
      <Facts
        items={[
          [word('word.kind'), task.kind],
          ...(task.jobId
            ? [
                [
                  say('task.job'),
                  <Link key="job" to={`/jobs/${task.jobId}`}>
                    {task.jobId.slice(0, 13)}
                  </Link>,
                ] as const,
              ]
            : []),
          [say('task.class'), word(`class.${task.class}`)],
          [say('attempt'), say('attempt.of', { n: task.attempt, max: task.maxAttempts })],
          [say('task.resources'), resources.join(' · ') || '–'],
          [word('word.created'), <Ago key="created" at={task.createdAt} />],
        ]}
      />
    </div>
  );
}
