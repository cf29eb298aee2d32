import { StateBadge, type Tone, useTexts } from '@backlot/console/workload';
import type { InstanceState } from '../../contract/instance.ts';
import type { SessionState } from '../../contract/session.ts';
import { stateTexts } from './state-texts.ts';

const instanceTones: Readonly<Record<InstanceState, Tone>> = {
  requested: 'waiting',
  starting: 'waiting',
  ready: 'running',
  assigned: 'live',
  resetting: 'waiting',
  stopping: 'idle',
  ended: 'done',
};

const sessionTones: Readonly<Record<SessionState, Tone>> = {
  requested: 'waiting',
  waiting: 'waiting',
  ready: 'running',
  active: 'live',
  idle: 'waiting',
  ending: 'idle',
  resetting: 'idle',
  ended: 'done',
};

export function InstanceBadge({
  state,
  failed = false,
}: {
  readonly state: InstanceState;
  readonly failed?: boolean;
}) {
  const say = useTexts(stateTexts);
  return (
    <StateBadge
      state={state}
      tone={failed ? 'failed' : instanceTones[state]}
      label={say(failed ? 'instance.failed' : `instance.${state}`)}
    />
  );
}

export function SessionBadge({
  state,
  away = false,
}: {
  readonly state: SessionState;
  readonly away?: boolean;
}) {
  const say = useTexts(stateTexts);
  return (
    <StateBadge
      state={state}
      tone={away ? 'waiting' : sessionTones[state]}
      label={say(away ? 'session.away' : `session.${state}`)}
    />
  );
}

export function sessionTone(state: SessionState): Tone {
  return sessionTones[state];
}
