import type { Job } from '@backlot/contract/api/jobs';
import { Eta, Progress } from '../parts/progress.tsx';
import { stateTone } from '../parts/state-tone.ts';
import classes from './job-progress.module.css';

/** A job's progress in one line: bar, share, time left with its band. */
export function JobProgressLine({ job, withEta = true }: { readonly job: Job; readonly withEta?: boolean }) {
  const { progress } = job;
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
