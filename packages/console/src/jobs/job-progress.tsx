import { type Job, JobProgress } from '@backlot/contract/api/jobs';
import { useMemo } from 'react';
import { useLiveUpdate } from '../api/live.tsx';
import { Eta, Progress } from '../parts/progress.tsx';
import { stateTone } from '../parts/state-tone.ts';
import classes from './job-progress.module.css';

type Shown = Job['progress'];

/** The newest progress of a job. Progress only grows, so the larger of the two sources is the newer one. */
export function useJobProgress(job: Job): Shown {
  const update = useLiveUpdate('job.progress', job.id);
  return useMemo(() => {
    const live = JobProgress.safeParse(update).data;
    return live && live.fraction > job.progress.fraction ? live : job.progress;
  }, [update, job.progress]);
}

/** A job's progress in one line: bar, share, time left with its band. */
export function JobProgressLine({ job, withEta = true }: { readonly job: Job; readonly withEta?: boolean }) {
  const progress = useJobProgress(job);
  const goesOn = job.state === 'running' || job.state === 'waiting';
  return (
    <div className={classes.line}>
      <Progress fraction={progress.fraction} tone={stateTone(job.state)} label={job.name} withText />
      {withEta && goesOn && (
        <span className={classes.eta}>
          <Eta etaMs={progress.etaMs} lowMs={progress.etaLowMs} highMs={progress.etaHighMs} />
        </span>
      )}
    </div>
  );
}
