import type { Clock, Progress } from '@backlot/contract';
import type { SegmentDisk } from '../segments/disk-port.ts';
import type { DiskSync } from '../segments/disk-sync.ts';
import type { SourceAdapter } from '../source-port.ts';
import type { TellAgent } from './reporter.ts';

export type Log = (message: string, details?: Record<string, unknown>) => void;

/** What all channels of a shard share. */
export interface ShardParts {
  readonly adapters: readonly SourceAdapter[];
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Wall time in milliseconds that never jumps. */
  readonly wall: () => number;
  readonly disk: SegmentDisk;
  readonly sync: DiskSync;
  /** Told of every read of a source, whatever channel it is. */
  readonly onRead: () => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a channel may do with its allocation. */
export interface ChannelAllocation {
  readonly id: string;
  readonly workDir: string;
  readonly tell: TellAgent;
  readonly progress: (progress: Progress) => void;
  /** As the agent has last said. */
  readonly diskState: () => 'ok' | 'low' | 'full';
}
