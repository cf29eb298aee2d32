import { StateBadge, type Tone, useTexts } from '@backlot/console/workload';
import type { RoomState as State } from '../../contract/room.ts';
import { roomTexts } from '../texts.ts';

const tones: Readonly<Record<State, Tone>> = {
  created: 'idle',
  active: 'live',
  moving: 'waiting',
  draining: 'waiting',
  closed: 'done',
};

/** A room's state in its own words: "live" is what people look for. */
export function RoomStateBadge({ state }: { readonly state: State }) {
  const say = useTexts(roomTexts);
  return <StateBadge state={state} tone={tones[state]} label={say(`state.${state}`)} />;
}
