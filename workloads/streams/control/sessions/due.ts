import type { SessionEnd, SessionLimits, SessionState } from '../../contract.ts';

/** How long before its end somebody is warned. */
export const warnBeforeS = 60;

/** A live session with its times, by the database's clock, in seconds. */
export interface SessionTimes {
  readonly state: SessionState;
  readonly sinceRequested: number;
  /** Since it became ready; null before. */
  readonly sinceReady: number | null;
  readonly sinceActivity: number;
  /** Since nobody in control is connected; null while somebody is. */
  readonly away: number | null;
  readonly warned: 'idle' | 'limit' | null;
  /** The page in control tells of signs of life (`backlot.activity`). */
  readonly extensions: boolean;
}

/** What is to be done about a session now. */
export type SessionDue =
  | { readonly kind: 'end'; readonly reason: SessionEnd }
  | {
      readonly kind: 'warn';
      readonly why: 'idle' | 'limit';
      /** Seconds. */
      readonly endsIn: number;
    }
  /** What was warned of will not happen: somebody is there again. */
  | { readonly kind: 'unwarn' }
  | null;

/** When to warn of an end after `limit` seconds: a minute before, or at half of the time where that is shorter. */
export function warnAfter(limit: number): number {
  return Math.max(limit / 2, limit - warnBeforeS);
}

/**
 * What the time that has passed means for a session. The limit is never taken back, so its warning stays; an idle
 * warning goes as soon as the person in control does anything.
 */
export function sessionDue(times: SessionTimes, limits: SessionLimits): SessionDue {
  const { state, away, sinceReady } = times;
  if (away !== null && away >= limits.disconnectSeconds) return { kind: 'end', reason: 'disconnected' };
  if (state === 'waiting' || state === 'requested') {
    return times.sinceRequested >= limits.queueSeconds ? { kind: 'end', reason: 'queue' } : null;
  }
  if (sinceReady === null) return null;
  const { maximumSeconds: maximum, idleSeconds: idle } = limits;
  if (maximum !== null && sinceReady >= maximum) return { kind: 'end', reason: 'limit' };
  // Whoever is away is measured by the time to come back alone. Of a page that never tells of a sign of life, as Epic's
  // own, nobody knows whether somebody is there.
  const idles = idle !== null && state !== 'ready' && away === null && times.extensions;
  if (idles && times.sinceActivity >= idle) return { kind: 'end', reason: 'idle' };
  if (maximum !== null && sinceReady >= warnAfter(maximum)) {
    return times.warned === 'limit' ? null : { kind: 'warn', why: 'limit', endsIn: maximum - sinceReady };
  }
  if (idles && times.sinceActivity >= warnAfter(idle)) {
    return times.warned === 'idle' ? null : { kind: 'warn', why: 'idle', endsIn: idle - times.sinceActivity };
  }
  return times.warned === 'idle' ? { kind: 'unwarn' } : null;
}
