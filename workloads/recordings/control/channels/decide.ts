/** What is known of a channel and the job that watches it. Times are milliseconds since 1970. */
export interface ChannelSituation {
  readonly enabled: boolean;
  readonly removed: boolean;
  readonly revision: number;
  /** Null: there is none. */
  readonly job: {
    readonly revision: number;
    readonly state: 'open' | 'canceling' | 'ended';
    /** When it was submitted. */
    readonly since: number;
  } | null;
  readonly failures: number;
  readonly retryAt: number | null;
}

export type ChannelAction =
  | { readonly do: 'nothing' }
  /** A job is wanted and there is none. */
  | { readonly do: 'submit' }
  /** The job is of no use: what it watches was stopped, removed or changed. */
  | { readonly do: 'cancel' }
  /** The job is over. `retryAt`: it ended by itself, and the next waits until then. */
  | { readonly do: 'forget'; readonly failures: number; readonly retryAt: number | null };

/** One that lasted so long has worked: what comes next does not wait. */
const workedMs = 10 * 60_000;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

/** What has to be done so that a channel is watched as people want it. Pure; asked again after each step. */
export function decideChannel(now: number, one: ChannelSituation): ChannelAction {
  const wanted = one.enabled && !one.removed;
  const { job } = one;
  if (job === null) {
    const due = one.retryAt === null || now >= one.retryAt;
    return { do: wanted && due ? 'submit' : 'nothing' };
  }
  if (job.state === 'ended') {
    // Asked for, by whoever changed or stopped the channel: no reason to wait.
    if (!wanted || job.revision !== one.revision) return { do: 'forget', failures: 0, retryAt: null };
    const failures = now - job.since >= workedMs ? 1 : one.failures + 1;
    const wait = Math.min(firstWaitMs * 2 ** Math.min(failures - 1, 10), longestWaitMs);
    return { do: 'forget', failures, retryAt: now + wait };
  }
  if (job.state === 'open' && (!wanted || job.revision !== one.revision)) return { do: 'cancel' };
  return { do: 'nothing' };
}
