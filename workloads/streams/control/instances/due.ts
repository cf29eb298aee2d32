import type { InstanceEnd, InstanceState } from '../../contract.ts';

/** Seconds that an instance without a session is kept when its streamer's socket is gone. */
export const streamerGraceS = 30;

/** An open instance with its times, by the database's clock, in seconds; null where it hasn't come to that. */
export interface InstanceTimes {
  readonly state: InstanceState;
  readonly sinceStarted: number | null;
  /** Since its streamer went away; null while it is there. */
  readonly streamerGone: number | null;
  /** Since its session became ready without any picture yet, with somebody connected who would see it. */
  readonly withoutPicture: number | null;
  /** Every player that says what it sees says that the picture stands still, and has for a while. */
  readonly pictureStands: boolean;
  /** Until its reset must be acknowledged; negative when that is over. */
  readonly resetLeft: number | null;
  readonly startTimeout: number;
  readonly pictureTimeout: number;
}

/** Why an instance has to be given up now; nothing when it may go on. */
export function instanceDue(times: InstanceTimes): InstanceEnd | null {
  const { state } = times;
  if (state === 'starting' && times.sinceStarted !== null && times.sinceStarted >= times.startTimeout)
    return 'never-connected';
  if (state === 'assigned' && times.withoutPicture !== null && times.withoutPicture >= times.pictureTimeout)
    return 'no-picture';
  // One that is in use keeps its viewer: media doesn't need the socket. It is given up when the session ends, or when
  // there is no media either: then the process hangs.
  const away = times.streamerGone !== null && times.streamerGone >= streamerGraceS;
  if (state === 'assigned' && away && times.pictureStands) return 'streamer-lost';
  if (state === 'ready' && away) return 'streamer-lost';
  if (state === 'resetting' && times.resetLeft !== null && times.resetLeft <= 0) return 'reset-failed';
  return null;
}
