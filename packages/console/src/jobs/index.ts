/** What the page of a job is made of, whatever its kind. */
export { Attempts } from './attempts.tsx';
export { JobActions } from './job-actions.tsx';
export { JobProgressLine } from './job-progress.tsx';
export { JobSummary, TaskCounts } from './job-summary.tsx';
export { TaskPanel } from './task-panel.tsx';
