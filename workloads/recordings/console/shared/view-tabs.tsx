import { TabLinks, useTexts } from '@backlot/console/workload';
import { recordingTexts } from '../texts.ts';

const views = ['channels', 'broadcasts', 'disk'] as const;
const addresses = {
  channels: '/recordings',
  broadcasts: '/recordings/broadcasts',
  disk: '/recordings/disk',
} as const;

/** Channels, what they recorded, and the room that it takes. */
export function ViewTabs({ active }: { readonly active: (typeof views)[number] }) {
  const say = useTexts(recordingTexts);
  return (
    <TabLinks
      label={say('views')}
      tabs={views.map((view) => ({
        to: addresses[view],
        label: say(`view.${view}`),
        active: active === view,
      }))}
    />
  );
}
