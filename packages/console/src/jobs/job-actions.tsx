import type { Job } from '@backlot/contract/api/jobs';
import { Button, NumberInput } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { jobQuery } from '../api/queries.ts';
import { invalidateSubjects } from '../api/subjects.ts';
import { api } from '../api/transport.ts';
import { useTexts } from '../i18n/texts.ts';
import { ConfirmInline } from '../parts/confirm-inline.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { useSession } from '../session/session.tsx';
import classes from './job-actions.module.css';
import { jobTexts } from './texts.ts';

/** Pause, resume, cancel, retry and priority of a job; only what its state allows and its reader may. */
export function JobActions({ job }: { readonly job: Job }) {
  const say = useTexts(jobTexts);
  const client = useQueryClient();
  const { can } = useSession();
  const apply = useMutation({
    mutationFn: (act: () => Promise<Job>) => act(),
    onSuccess: (changed) => {
      client.setQueryData(jobQuery(job.id).queryKey, changed);
      void invalidateSubjects(client, new Set(['job', `job:${job.id}`, 'task', 'overview']));
    },
  });
  if (!can('jobs.control', job.projectId)) return null;
  const open = job.endedAt === null;
  const failed = (job.counts.failed ?? 0) + (job.counts.canceled ?? 0);
  return (
    <div className={classes.actions}>
      {open && job.intent === 'run' && (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={14} aria-hidden="true" />}
          loading={apply.isPending}
          onClick={() => apply.mutate(() => api().jobs.change(job.id, { intent: 'pause' }))}
        >
          {say('pause')}
        </Button>
      )}
      {open && job.intent === 'pause' && (
        <Button
          leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
          loading={apply.isPending}
          onClick={() => apply.mutate(() => api().jobs.change(job.id, { intent: 'run' }))}
        >
          {say('resume')}
        </Button>
      )}
      {failed > 0 && job.intent !== 'pause' && (
        <Button
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden="true" />}
          loading={apply.isPending}
          onClick={() => apply.mutate(() => api().jobs.retryFailed(job.id))}
        >
          {say('retry')}
        </Button>
      )}
      {open && job.intent !== 'cancel' && (
        <ConfirmInline
          danger
          label={say('cancel')}
          question={say('cancel.question', { name: job.name })}
          confirm={say('cancel.confirm')}
          onConfirm={() => apply.mutateAsync(() => api().jobs.change(job.id, { intent: 'cancel' }))}
        />
      )}
      {open && (
        <Priority
          key={job.priority}
          job={job}
          onChange={(priority) => apply.mutate(() => api().jobs.change(job.id, { priority }))}
        />
      )}
      {apply.error && <ProblemNotice error={apply.error} />}
    </div>
  );
}

interface PriorityProps {
  readonly job: Job;
  readonly onChange: (priority: number) => void;
}

function Priority({ job, onChange }: PriorityProps) {
  const say = useTexts(jobTexts);
  const [value, setValue] = useState(job.priority);
  const commit = () => {
    if (value !== job.priority) onChange(value);
  };
  return (
    <NumberInput
      className={classes.priority}
      aria-label={say('priority')}
      title={say('priority.hint')}
      prefix={`${say('priority')} `}
      min={-100}
      max={100}
      clampBehavior="strict"
      value={value}
      onChange={(next) => setValue(Number(next) || 0)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
      }}
    />
  );
}
