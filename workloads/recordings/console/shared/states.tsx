import { StateBadge, type Tone, useTexts } from '@backlot/console/workload';
import type { BroadcastState } from '../../contract/broadcast.ts';
import type { ChannelState } from '../../contract/channel.ts';
import { broadcastTexts, recordingTexts } from '../texts.ts';

const channelTones: Readonly<Record<ChannelState, Tone>> = {
  off: 'idle',
  waiting: 'waiting',
  watching: 'done',
  live: 'live',
  removed: 'idle',
};

export function ChannelBadge({ state }: { readonly state: ChannelState }) {
  const say = useTexts(recordingTexts);
  return <StateBadge state={state} tone={channelTones[state]} label={say(`state.${state}`)} />;
}

const broadcastTones: Readonly<Record<BroadcastState, Tone>> = {
  live: 'live',
  ended: 'done',
  removed: 'idle',
};

export function BroadcastBadge({ state }: { readonly state: BroadcastState }) {
  const say = useTexts(broadcastTexts);
  return <StateBadge state={state} tone={broadcastTones[state]} label={say(`state.${state}`)} />;
}
