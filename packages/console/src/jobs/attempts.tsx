import type { AllocationView } from '@backlot/contract/api/jobs';
import { useFormat } from '../format/index.ts';
import { useTexts } from '../i18n/texts.ts';
import { Link } from '../parts/link.tsx';
import { FailureNotice, WaitReason } from '../parts/reason.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { Ago, Duration } from '../parts/time.tsx';
import classes from './attempts.module.css';
import { jobTexts } from './texts.ts';

/** Every allocation that a task has had: where, how long, how it ended, what it used. */
export function Attempts({ allocations }: { readonly allocations: readonly AllocationView[] }) {
  const say = useTexts(jobTexts);
  const format = useFormat();
  if (allocations.length === 0) return <p className="dim">{say('task.attempts.none')}</p>;
  return (
    <ol className={classes.list} reversed={false}>
      {allocations.map((allocation) => (
        <li key={allocation.id} className={classes.item}>
          <div className={classes.line}>
            <StateBadge state={allocation.outcome ?? allocation.state} />
            <Link to={`/nodes/${allocation.nodeId}`}>{allocation.nodeName}</Link>
            <Duration from={allocation.startedAt} to={allocation.endedAt} />
            <span className="dim">
              <Ago at={allocation.offeredAt} /> · {say('task.fence')} {allocation.fence}
            </span>
          </div>
          {allocation.usage && (
            <p className={classes.usage}>
              {say('task.usage')} {format.duration(allocation.usage.cpuMs ?? null)} CPU
              {allocation.usage.peakMemory !== undefined &&
                ` · ${say('task.peak')} ${format.bytes(allocation.usage.peakMemory)}`}
            </p>
          )}
          {allocation.failure && <FailureNotice failure={allocation.failure} />}
          {!allocation.failure && <WaitReason reason={allocation.reason} />}
        </li>
      ))}
    </ol>
  );
}
