import type { TaskState } from '@backlot/contract';
import type { ChannelState } from '../../contract/channel.ts';

export interface ChannelFactsNow {
  readonly removed: boolean;
  readonly enabled: boolean;
  /** Of the task that watches it; null while there is none. */
  readonly task: TaskState | null;
  /** What its recorder said of the source last. */
  readonly source: string | null;
}

/**
 * The state that follows from what is known. One that was stopped is `live` until its recorder has finished: nobody is told
 * that nothing is written while something is. Pure.
 */
export function deriveChannelState({ removed, enabled, task, source }: ChannelFactsNow): ChannelState {
  if (removed) return 'removed';
  const running = task === 'running' || task === 'frozen';
  if (running && source === 'live') return 'live';
  if (!enabled) return 'off';
  return running ? 'watching' : 'waiting';
}
