import type { Broadcast } from '../../contract/broadcast.ts';
import type { Channel, ChannelState } from '../../contract/channel.ts';

/** States that a channel in a list may have. One that was taken out is in no list: what it has recorded is. */
export const listedChannelStates = [
  'off',
  'waiting',
  'watching',
  'live',
] as const satisfies readonly ChannelState[];

/** `looking`: nobody has an answer yet, so that it is not known whether the source is live. */
export function shownChannelState({ state, reason }: Pick<Channel, 'state' | 'reason'>) {
  return state === 'watching' && reason?.code === 'recordings.looking' ? 'looking' : state;
}

/** `gone`: its files lay in the trash for a day, and can't be taken back. */
export function shownBroadcastState({
  state,
  restorableUntil,
}: Pick<Broadcast, 'state' | 'restorableUntil'>) {
  return state === 'removed' && restorableUntil === null ? 'gone' : state;
}

/** Where it is besides here; nowhere, once it is not here either. */
export function copyOf(broadcast: Pick<Broadcast, 'state' | 'restorableUntil' | 'verified'>) {
  if (broadcast.verified) return 'copy.verified';
  return shownBroadcastState(broadcast) === 'gone' ? 'copy.gone' : 'copy.none';
}
