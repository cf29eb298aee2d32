import { z } from 'zod';
import type { TaskState } from './task.ts';

/** What a person wants of a job. It is the only thing about a job's state that is stored. */
export const JobIntent = z.enum(['run', 'pause', 'cancel']);
export type JobIntent = z.infer<typeof JobIntent>;

/** Shown to people, always derived from the job's tasks and its intent: there is no second truth to repair. */
export const jobStates = [
  'waiting',
  'running',
  'paused',
  'held',
  'canceling',
  'canceled',
  'failed',
  'succeeded',
] as const;
export const JobState = z.enum(jobStates);
export type JobState = z.infer<typeof JobState>;

/** How many of a job's tasks are in each state. */
export type TaskCounts = Partial<Record<TaskState, number>>;

/**
 * The state of a job.
 *
 * A job with tasks still open is never `failed`, so that finished work of the others is not hidden; it becomes
 * `failed` once nothing is open and at least one task failed. `paused` is said only when nothing runs any more.
 *
 * @param forgiven failed tasks that were got over: by the error way of a flow
 */
export function deriveJobState(counts: TaskCounts, intent: JobIntent, forgiven = 0): JobState {
  const n = (state: TaskState) => counts[state] ?? 0;
  const active = n('placed') + n('running') + n('frozen');
  const waiting = n('blocked') + n('queued') + n('retry_wait');
  const open = active + waiting + n('held');
  if (intent === 'cancel')
    return open > 0
      ? 'canceling'
      : n('succeeded') > 0 && n('canceled') + n('failed') === 0
        ? 'succeeded'
        : 'canceled';
  if (open === 0) {
    if (n('failed') > forgiven) return 'failed';
    if (n('canceled') > 0) return 'canceled';
    return n('succeeded') > 0 ? 'succeeded' : 'waiting';
  }
  if (active > 0) return 'running';
  if (intent === 'pause') return 'paused';
  // Blocked tasks alone can't move: if everything else open is held, the job waits for a person.
  if (n('held') > 0 && n('queued') + n('retry_wait') === 0) return 'held';
  return n('succeeded') > 0 && n('held') === 0 ? 'running' : 'waiting';
}
