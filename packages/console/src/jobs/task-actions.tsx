import type { TaskDetail } from '@backlot/contract/api/jobs';
import { taskStatesEnded } from '@backlot/contract/states/task';
import { useQueryClient } from '@tanstack/react-query';
import { invalidateSubjects, subjectsOf } from '../api/subjects.ts';
import { api } from '../api/transport.ts';
import { useTexts } from '../i18n/texts.ts';
import { ConfirmInline } from '../parts/confirm-inline.tsx';
import { useSession } from '../session/session.tsx';
import classes from './job-actions.module.css';
import { jobTexts } from './texts.ts';

export function TaskActions({ task }: { readonly task: TaskDetail }) {
  const say = useTexts(jobTexts);
  const client = useQueryClient();
  const { can } = useSession();
  if (!can('jobs.control', task.projectId)) return null;
  const ended = taskStatesEnded.includes(task.state);
  const refresh = () =>
    invalidateSubjects(client, new Set([...subjectsOf('task', task.id), 'job', 'overview']));
  return (
    <div className={classes.actions}>
      {(task.state === 'failed' || task.state === 'canceled') && (
        <ConfirmInline
          label={say('task.requeue')}
          question={say('task.requeue.question')}
          confirm={say('task.requeue')}
          onConfirm={async () => {
            await api().tasks.requeue(task.id);
            await refresh();
          }}
        />
      )}
      {!ended && (
        <ConfirmInline
          danger
          label={say('cancel')}
          question={say('task.cancel.question')}
          confirm={say('task.cancel.confirm')}
          onConfirm={async () => {
            await api().tasks.cancel(task.id);
            await refresh();
          }}
        />
      )}
    </div>
  );
}
