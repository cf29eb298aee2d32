import { Cron } from 'croner';
import type { Schedule } from '../../contract/watch.ts';

/** Whether a schedule's time is now, and when that changes. */
export interface ScheduleMoment {
  readonly open: boolean;
  /** Milliseconds since the epoch; undefined: not any more. */
  readonly changesAt: number | undefined;
}

/** Windows that follow each other without a pause are one; a chain longer than this is as good as endless. */
const longestChain = 50;

/**
 * Where a moment stands in a schedule: inside a window that a cron expression has opened and its minutes have not closed,
 * in the schedule's own time zone (a window keeps its length when clocks are changed). A channel without a schedule is
 * always open. An expression that is none opens nothing; control refuses it before it gets here.
 * @param now milliseconds since the epoch
 */
export function scheduleMoment(schedule: Schedule | null, now: number): ScheduleMoment {
  if (!schedule) return { open: true, changesAt: undefined };
  const windows = schedule.windows.flatMap(({ cron, minutes }) => {
    const opens = parse(cron, schedule.timeZone);
    return opens ? [{ opens, lengthMs: minutes * 60_000 }] : [];
  });
  const closing = closesAt(windows, now);
  if (closing !== undefined) return { open: true, changesAt: closing };
  const next = windows.flatMap(({ opens }) => opens.nextRun(new Date(now))?.getTime() ?? []);
  return { open: false, changesAt: next.length === 0 ? undefined : Math.min(...next) };
}

interface Window {
  readonly opens: Cron;
  readonly lengthMs: number;
}

/** When the windows that hold this moment, and those that follow without a pause, are over; undefined outside of all. */
function closesAt(windows: readonly Window[], now: number): number | undefined {
  let until: number | undefined;
  let left = windows;
  for (let turn = 0; turn < longestChain; turn += 1) {
    const at = until ?? now;
    const newest = left.flatMap((window) => {
      // One step back, whatever the length: a window of a week that opens each minute has ten thousand openings.
      const opened = window.opens.previousRuns(1, new Date(at + 1))[0]?.getTime();
      return opened === undefined ? [] : [{ window, end: opened + window.lengthMs }];
    });
    // What has never opened (30 February) is looked for over centuries; once is enough.
    left = newest.map(({ window }) => window);
    const end = Math.max(Number.NEGATIVE_INFINITY, ...newest.map((one) => one.end));
    if (end <= at) return until;
    until = end;
  }
  return until;
}

function parse(cron: string, timezone: string): Cron | undefined {
  try {
    return new Cron(cron, { timezone, paused: true, mode: '5-part' });
  } catch {
    return undefined;
  }
}
