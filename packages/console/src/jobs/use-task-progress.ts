import type { Task } from '@backlot/contract/api/jobs';
import { Progress } from '@backlot/contract/link/messages';
import { useMemo } from 'react';
import { useLiveUpdate } from '../api/live.tsx';

/** The newest progress of a task: as it came on the stream, else as last read. */
export function useTaskProgress(task: Task): Progress | null {
  const update = useLiveUpdate('task.progress', task.id);
  return useMemo(() => Progress.safeParse(update).data ?? task.progress, [update, task.progress]);
}
