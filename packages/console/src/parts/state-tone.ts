/** The few meanings that a colour may have. Everything else in the console is grey. */
export type Tone = 'running' | 'waiting' | 'frozen' | 'failed' | 'live' | 'done' | 'idle';

const tones: Readonly<Record<string, Tone>> = {
  // nodes
  joining: 'waiting',
  ready: 'running',
  unreachable: 'waiting',
  lost: 'failed',
  removed: 'idle',
  cordoned: 'waiting',
  draining: 'waiting',
  // tasks and jobs
  blocked: 'idle',
  queued: 'waiting',
  placed: 'running',
  running: 'running',
  frozen: 'frozen',
  retry_wait: 'waiting',
  held: 'waiting',
  waiting: 'waiting',
  paused: 'frozen',
  canceling: 'idle',
  canceled: 'idle',
  failed: 'failed',
  succeeded: 'done',
  // allocations and how they end
  offered: 'waiting',
  accepted: 'running',
  preparing: 'running',
  stopping: 'idle',
  unknown: 'waiting',
  ended: 'done',
  ok: 'done',
  preempted: 'frozen',
  rejected: 'idle',
  expired: 'idle',
  // health, deliveries, accounts
  live: 'live',
  degraded: 'waiting',
  down: 'failed',
  delivered: 'done',
  pending: 'waiting',
  active: 'running',
  disabled: 'idle',
  revoked: 'idle',
};

/** What a state's colour means. A state of a later release is grey until this page knows it. */
export function stateTone(state: string): Tone {
  return tones[state] ?? 'idle';
}

/** The CSS variable of a tone, for fills, dots and lines. */
export function toneColor(tone: Tone): string {
  return `var(--state-${tone})`;
}
