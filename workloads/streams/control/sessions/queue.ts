import type { Reason } from '@backlot/contract';
import type { InstanceState } from '../../contract.ts';
import type { PlayerUpdate } from '../ports.ts';

/** A session that waits, in the order of the queue. */
export interface Waiting {
  readonly sessionId: string;
  readonly waitedMs: number;
}
/** An instance on its way, the oldest first. */
export interface Coming {
  readonly state: Extract<InstanceState, 'requested' | 'starting' | 'resetting'>;
  /** The process runs. */
  readonly running: boolean;
  readonly wait: Reason | null;
}
/** What was measured lately. Milliseconds; null: never yet. */
export interface Pace {
  /** From asking for an instance to its being ready. */
  readonly startMs: number | null;
  /** How long a session holds its instance. */
  readonly sessionMs: number | null;
  /** Instances in use. */
  readonly inUse: number;
}

/**
 * How long the session at a place (from 0) still waits; null when nothing is known to say it from. The first ones wait
 * for instances that are on their way. Those behind wait for sessions to end: with n in use, one ends every
 * `sessionMs / n` on average, whatever the distribution.
 */
export function estimateMs(place: number, coming: number, waitedMs: number, pace: Pace): number | null {
  if (place < coming) return pace.startMs === null ? null : Math.max(0, pace.startMs - waitedMs);
  if (pace.sessionMs === null || pace.inUse === 0) return null;
  return Math.round(((place - coming + 1) * pace.sessionMs) / pace.inUse);
}

/** Less urgent work is on its way out (a render is frozen): a start, not a queue. */
const makingRoom = 'wait.preempting';

/** What each session that waits is told: how far its instance has come, or its place in the queue. */
export function tellWaiting(
  waiting: readonly Waiting[],
  coming: readonly Coming[],
  pace: Pace,
): Map<string, PlayerUpdate> {
  return new Map(
    waiting.map(({ sessionId, waitedMs }, place): [string, PlayerUpdate] => {
      const instance = coming[place];
      // Something that is nearly there is told as a start; a place that is still looked for is a place in the queue.
      if (instance?.wait?.code === makingRoom)
        return [sessionId, { kind: 'starting', step: 'placing', reason: instance.wait }];
      if (instance && (instance.state !== 'requested' || instance.wait === null)) {
        const step = instance.running
          ? 'connecting'
          : instance.state === 'requested'
            ? 'placing'
            : 'starting';
        return [sessionId, { kind: 'starting', step, reason: null }];
      }
      return [
        sessionId,
        {
          kind: 'queued',
          position: place + 1,
          waitedMs,
          estimateMs: instance?.wait ? null : estimateMs(place, coming.length, waitedMs, pace),
        },
      ];
    }),
  );
}
