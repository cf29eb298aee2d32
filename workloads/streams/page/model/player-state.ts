import type { StreamEvents, StreamPhase, StreamRole, StreamStats } from '@backlot/sdk/streams';

/** All that the page draws from; changed only by {@link apply}. Times are milliseconds of a clock that only grows. */
export interface PlayerState {
  readonly phase: StreamPhase;
  readonly sessionId: string | null;
  readonly role: StreamRole;
  readonly controllers: number;
  readonly viewers: number;
  readonly queue: {
    readonly position: number;
    readonly waitedMs: number;
    readonly estimateMs: number | null;
    readonly at: number;
  } | null;
  readonly step: string | null;
  readonly startedAt: number;
  /** When the session will be ended, and why. */
  readonly warning: { readonly why: 'idle' | 'limit'; readonly endsAt: number } | null;
  readonly attempt: number;
  readonly muted: boolean;
  /** The browser allows sound only after a click. */
  readonly soundBlocked: boolean;
  readonly hasPicture: boolean;
  /** Players that ask for control, first come first. */
  readonly wanting: readonly { readonly by: string; readonly name: string }[];
  /** Control was asked for and not given yet. */
  readonly askedAt: number | null;
  readonly refused: { readonly code: string; readonly message: string } | null;
  readonly textWanted: string | null;
  readonly ended: { readonly reason: string; readonly code: string; readonly message: string } | null;
  /** Oldest first, a minute at most. */
  readonly stats: readonly StreamStats[];
}

export type PlayerChange =
  | {
      readonly [Name in keyof StreamEvents]: { readonly name: Name; readonly event: StreamEvents[Name] };
    }[keyof StreamEvents]
  | { readonly name: 'asked' }
  | { readonly name: 'answered'; readonly by: string }
  | { readonly name: 'textDone' }
  | { readonly name: 'refusalRead' };

const statsKept = 60;

export function initialState(role: StreamRole, muted: boolean, now: number): PlayerState {
  return {
    phase: 'connecting',
    sessionId: null,
    role,
    controllers: 0,
    viewers: 0,
    queue: null,
    step: null,
    startedAt: now,
    warning: null,
    attempt: 0,
    muted,
    soundBlocked: false,
    hasPicture: false,
    wanting: [],
    askedAt: null,
    refused: null,
    textWanted: null,
    ended: null,
    stats: [],
  };
}

/** What the page shows after something has happened. */
export function apply(state: PlayerState, change: PlayerChange, now: number): PlayerState {
  switch (change.name) {
    case 'phase':
      return { ...state, phase: change.event.phase };
    case 'session':
      return { ...state, sessionId: change.event.sessionId, refused: null, attempt: 0 };
    case 'queued':
      return { ...state, queue: { ...change.event, at: now }, step: null };
    case 'starting':
      return { ...state, queue: null, step: change.event.step };
    case 'ready':
      return { ...state, queue: null, step: 'picture' };
    case 'playing':
      return { ...state, hasPicture: true, queue: null, step: null, attempt: 0, muted: change.event.muted };
    case 'blocked':
      return state;
    case 'muted':
      return { ...state, muted: change.event.muted, soundBlocked: change.event.byBrowser };
    case 'role': {
      const { role, controllers, viewers } = change.event;
      const got = role === 'controller';
      return {
        ...state,
        role,
        controllers,
        viewers,
        askedAt: got ? null : state.askedAt,
        wanting: got ? state.wanting : [],
      };
    }
    case 'controlWanted':
      return {
        ...state,
        wanting: [...state.wanting.filter((one) => one.by !== change.event.by), change.event].slice(-20),
      };
    case 'answered':
      return { ...state, wanting: state.wanting.filter((one) => one.by !== change.by) };
    case 'asked':
      return { ...state, askedAt: now };
    case 'refused':
      return { ...state, refused: change.event, askedAt: null };
    case 'refusalRead':
      return { ...state, refused: null };
    case 'warning': {
      const { why, endsInMs } = change.event;
      if (endsInMs !== null) return { ...state, warning: { why, endsAt: now + endsInMs } };
      return state.warning?.why === why ? { ...state, warning: null } : state;
    }
    case 'reconnecting':
      return { ...state, attempt: change.event.attempt };
    case 'textWanted':
      return { ...state, textWanted: change.event.wanted ? change.event.contents : null };
    case 'textDone':
      return { ...state, textWanted: null };
    case 'response':
      return state;
    case 'stats':
      return { ...state, stats: [...state.stats, change.event].slice(-statsKept) };
    case 'ended':
      return { ...state, ended: change.event, warning: null, wanting: [], hasPicture: false };
  }
}

/** What lies over the picture, or stands where it will be. Null: nothing, the picture is all there is. */
export type Curtain =
  | { readonly kind: 'connecting' | 'click' }
  | { readonly kind: 'queued'; readonly position: number }
  | { readonly kind: 'starting'; readonly step: string | null }
  | { readonly kind: 'reconnecting'; readonly attempt: number }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'ended'; readonly reason: string; readonly code: string };

export function curtainOf(state: PlayerState): Curtain | null {
  if (state.ended) return { kind: 'ended', reason: state.ended.reason, code: state.ended.code };
  switch (state.phase) {
    case 'playing':
      return null;
    case 'blocked':
      return { kind: 'click' };
    case 'queued':
      return state.queue ? { kind: 'queued', position: state.queue.position } : { kind: 'connecting' };
    case 'starting':
      return { kind: 'starting', step: state.step };
    case 'reconnecting':
      // The last picture stays in sight, with a small notice over it.
      if (state.hasPicture) return null;
      if (state.refused) return { kind: 'refused', code: state.refused.code };
      return { kind: 'reconnecting', attempt: state.attempt };
    default:
      if (state.refused) return { kind: 'refused', code: state.refused.code };
      return { kind: 'connecting' };
  }
}
