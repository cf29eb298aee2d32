import { reconnectPause } from './reconnect.ts';

/**
 * What a channel does next: a pure table of phases. Effects (opening, closing, waiting, telling) are data; time and chance
 * come in with the event.
 *
 * looking    asks whether it is live           opening    a connection is being made
 * receiving  bytes come, or are awaited        waiting    until the next look or attempt
 * held       the disk is full                  asleep     outside its schedule, and no broadcast is on
 * stopped    nothing more, ever
 */
export type ChannelPhase = 'looking' | 'opening' | 'receiving' | 'waiting' | 'held' | 'asleep' | 'stopped';

export interface ChannelState {
  readonly phase: ChannelPhase;
  readonly inBroadcast: boolean;
  /** Attempts in a row that brought nothing that lasts. */
  readonly attempt: number;
  /** When the newest media came, or the broadcast was found again; monotonic milliseconds. */
  readonly mediaAt: number;
  readonly openedAt: number;
  /** The source said that it is over: less patience is needed. */
  readonly finished: boolean;
  /** Inside a window of its schedule. Outside it sleeps as soon as no broadcast is on. */
  readonly windowOpen: boolean;
}

export interface ChannelRules {
  /** Without media for so long a broadcast is over. */
  readonly silenceMs: number;
  /** Between two looks while offline. */
  readonly pollMs: number;
  /** Whether the source can be asked; else opening is the only way. */
  readonly canLook: boolean;
}

export type ChannelEvent = { readonly now: number; readonly random: number } & (
  | { readonly e: 'start'; readonly inBroadcast: boolean; readonly mediaAt: number; readonly open: boolean }
  | { readonly e: 'looked'; readonly live: boolean; readonly retryAfterMs?: number | undefined }
  | { readonly e: 'opened' }
  | { readonly e: 'open-failed'; readonly retryAfterMs?: number | undefined }
  /** The first media of a connection. */
  | { readonly e: 'media' }
  /** The connection ended by itself, or a watchdog found it useless. */
  | { readonly e: 'ended'; readonly finished: boolean; readonly mediaAt: number }
  | { readonly e: 'timer' }
  | { readonly e: 'disk'; readonly full: boolean; readonly mediaAt: number }
  | { readonly e: 'schedule'; readonly open: boolean }
  | { readonly e: 'stop-broadcast' }
  | { readonly e: 'stop' }
);

export type ChannelEffect =
  | { readonly do: 'look' }
  | { readonly do: 'open'; readonly attempt: number }
  | { readonly do: 'close' }
  /** One `timer` after so long; replaces the one before. */
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'begin-broadcast' }
  | { readonly do: 'end-broadcast'; readonly why: 'silence' | 'finished' | 'stopped' };

export interface ChannelStep {
  readonly state: ChannelState;
  readonly effects: readonly ChannelEffect[];
}

/** A connection that lasted so long was a good one: the next pause is the shortest again. Milliseconds. */
const LASTING_MS = 5_000;
/** Patience after the source itself has said that it is over; a streamer may press the wrong button. Milliseconds. */
const FINISHED_MS = 60_000;
/** While the disk is full it is looked at so often, in milliseconds. */
export const HELD_MS = 2_000;

export const newChannel: ChannelState = {
  phase: 'looking',
  inBroadcast: false,
  attempt: 0,
  mediaAt: 0,
  openedAt: 0,
  finished: false,
  windowOpen: true,
};

/** One step of a channel. Events that say nothing in a phase change nothing. */
export function stepChannel(state: ChannelState, event: ChannelEvent, rules: ChannelRules): ChannelStep {
  if (state.phase === 'stopped') return { state, effects: [] };
  switch (event.e) {
    case 'start':
      return seek(
        { ...state, inBroadcast: event.inBroadcast, mediaAt: event.mediaAt, windowOpen: event.open },
        event,
        rules,
      );
    case 'stop':
      return { state: { ...state, phase: 'stopped' }, effects: [{ do: 'close' }] };
    case 'looked':
      if (state.phase !== 'looking') return { state, effects: [] };
      if (event.live) return open({ ...state, attempt: 0 });
      return wait(state, event, rules, Math.max(pollPause(rules, event), event.retryAfterMs ?? 0));
    case 'opened':
      return state.phase === 'opening'
        ? { state: { ...state, phase: 'receiving', openedAt: event.now }, effects: [] }
        : { state, effects: [] };
    case 'open-failed':
      if (state.phase !== 'opening') return { state, effects: [] };
      return again(state, event, rules, event.retryAfterMs);
    case 'media':
      return {
        state: { ...state, inBroadcast: true, mediaAt: event.now, finished: false },
        effects: state.inBroadcast ? [] : [{ do: 'begin-broadcast' }],
      };
    case 'ended': {
      if (state.phase !== 'receiving') return { state, effects: [] };
      const lasted = event.now - state.openedAt >= LASTING_MS && event.mediaAt > state.openedAt;
      const mediaAt = Math.max(state.mediaAt, event.mediaAt);
      const next = { ...state, attempt: lasted ? 0 : state.attempt, mediaAt, finished: event.finished };
      return closeAnd(again(next, event, rules, undefined));
    }
    case 'timer':
      if (state.phase === 'waiting') return seek(state, event, rules);
      return { state, effects: [] };
    case 'disk':
      // The last segment of a take may find the disk full when the channel sleeps already.
      if (state.phase === 'asleep') return { state, effects: [] };
      if (event.full) {
        const held: ChannelState = {
          ...state,
          phase: 'held',
          mediaAt: Math.max(state.mediaAt, event.mediaAt),
        };
        return { state: held, effects: state.phase === 'held' ? [] : [{ do: 'close' }] };
      }
      return state.phase === 'held' ? seek({ ...state, attempt: 0 }, event, rules) : { state, effects: [] };
    case 'schedule': {
      const next = { ...state, windowOpen: event.open };
      if (event.open)
        return state.phase === 'asleep'
          ? seek({ ...next, attempt: 0 }, event, rules)
          : { state: next, effects: [] };
      // A broadcast that is on is never cut; its end looks at the window again.
      if (state.inBroadcast || state.phase === 'asleep') return { state: next, effects: [] };
      return closeAnd(sleep(next));
    }
    case 'stop-broadcast': {
      if (!state.inBroadcast) return { state, effects: [] };
      // What is live goes on being live: the next broadcast begins when it has gone away and come back, or is asked for.
      const over: ChannelState = { ...state, phase: 'waiting', inBroadcast: false, attempt: 0 };
      const ended: readonly ChannelEffect[] = [{ do: 'close' }, { do: 'end-broadcast', why: 'stopped' }];
      if (!over.windowOpen) return { state: sleep(over).state, effects: ended };
      return {
        state: over,
        effects: [...ended, { do: 'wait', ms: rules.pollMs }],
      };
    }
  }
}

/** Looks, or opens where looking is no use: nobody can be asked, or the broadcast is to go on. */
function seek(state: ChannelState, event: ChannelEvent, rules: ChannelRules): ChannelStep {
  const over = endIfSilent(state, event.now, rules);
  const next = over.state;
  if (asleepNow(next)) return { state: sleep(next).state, effects: over.effects };
  if (rules.canLook && !next.inBroadcast) {
    return { state: { ...next, phase: 'looking' }, effects: [...over.effects, { do: 'look' }] };
  }
  const opened = open(next);
  return { state: opened.state, effects: [...over.effects, ...opened.effects] };
}

/** Nothing to do until a window opens. */
const asleepNow = (state: ChannelState): boolean => !state.inBroadcast && !state.windowOpen;

function sleep(state: ChannelState): ChannelStep {
  return { state: { ...state, phase: 'asleep', attempt: 0, finished: false }, effects: [] };
}

/** The pause between two looks, up to a tenth less or more: many channels of one site do not all ask in the same moment. */
const pollPause = (rules: ChannelRules, event: ChannelEvent): number =>
  Math.round(rules.pollMs * (0.9 + event.random * 0.2));

function open(state: ChannelState): ChannelStep {
  return { state: { ...state, phase: 'opening' }, effects: [{ do: 'open', attempt: state.attempt }] };
}

/** Another attempt after the pause that is due; the slow pace of looks where no broadcast is on. */
function again(
  state: ChannelState,
  event: ChannelEvent,
  rules: ChannelRules,
  retryAfterMs: number | undefined,
): ChannelStep {
  const over = endIfSilent(state, event.now, rules);
  if (asleepNow(over.state)) return { state: sleep(over.state).state, effects: over.effects };
  const pause = over.state.inBroadcast
    ? Math.max(reconnectPause(state.attempt, event.random), Math.min(retryAfterMs ?? 0, 5_000))
    : Math.max(pollPause(rules, event), retryAfterMs ?? 0);
  const step = wait({ ...over.state, attempt: state.attempt + 1 }, event, rules, pause);
  return { state: step.state, effects: [...over.effects, ...step.effects] };
}

function wait(state: ChannelState, event: ChannelEvent, rules: ChannelRules, ms: number): ChannelStep {
  const left = state.inBroadcast ? Math.max(0, state.mediaAt + patience(state, rules) - event.now) : ms;
  return { state: { ...state, phase: 'waiting' }, effects: [{ do: 'wait', ms: Math.min(ms, left) }] };
}

const patience = (state: ChannelState, rules: ChannelRules): number =>
  state.finished ? Math.min(FINISHED_MS, rules.silenceMs) : rules.silenceMs;

function endIfSilent(state: ChannelState, now: number, rules: ChannelRules): ChannelStep {
  if (!state.inBroadcast || now - state.mediaAt < patience(state, rules)) return { state, effects: [] };
  const why = state.finished ? 'finished' : 'silence';
  return {
    state: { ...state, inBroadcast: false, attempt: 0, finished: false },
    effects: [{ do: 'end-broadcast', why }],
  };
}

function closeAnd(step: ChannelStep): ChannelStep {
  return { state: step.state, effects: [{ do: 'close' }, ...step.effects] };
}
