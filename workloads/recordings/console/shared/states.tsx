import { StateBadge, type Tone, useTexts } from '@backlot/console/workload';
import type { Broadcast } from '../../contract/broadcast.ts';
import type { Channel } from '../../contract/channel.ts';
import { broadcastTexts, recordingTexts } from '../texts.ts';
import { shownBroadcastState, shownChannelState } from './shown-state.ts';

const channelTones: Readonly<Record<ReturnType<typeof shownChannelState>, Tone>> = {
  off: 'idle',
  waiting: 'waiting',
  looking: 'idle',
  watching: 'done',
  live: 'live',
  removed: 'idle',
};

export function ChannelBadge({ channel }: { readonly channel: Pick<Channel, 'state' | 'reason'> }) {
  const say = useTexts(recordingTexts);
  const state = shownChannelState(channel);
  return <StateBadge state={state} tone={channelTones[state]} label={say(`state.${state}`)} />;
}

const broadcastTones: Readonly<Record<ReturnType<typeof shownBroadcastState>, Tone>> = {
  live: 'live',
  ended: 'done',
  removed: 'idle',
  gone: 'idle',
};

export function BroadcastBadge({
  broadcast,
}: {
  readonly broadcast: Pick<Broadcast, 'state' | 'restorableUntil'>;
}) {
  const say = useTexts(broadcastTexts);
  const state = shownBroadcastState(broadcast);
  return <StateBadge state={state} tone={broadcastTones[state]} label={say(`state.${state}`)} />;
}
