import type { Task } from '@backlot/contract/api/jobs';

export interface WaitingGroup {
  readonly first: Task;
  readonly count: number;
}

/** Tasks of one job that wait in the same state for the same reason, told once; in the order they were given. */
export function groupByReason(tasks: readonly Task[]): WaitingGroup[] {
  const groups = new Map<string, { first: Task; count: number }>();
  for (const task of tasks) {
    const key = JSON.stringify([
      task.jobId ?? task.id,
      task.state,
      task.wait?.code,
      task.wait?.params,
      task.wait?.message,
    ]);
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { first: task, count: 1 });
  }
  return [...groups.values()];
}
