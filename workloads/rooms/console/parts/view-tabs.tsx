import { TabLinks, useTexts } from '@backlot/console/workload';
import { roomTexts } from '../texts.ts';

/** Rooms and what carries them. */
export function ViewTabs({ active }: { readonly active: 'rooms' | 'workers' }) {
  const say = useTexts(roomTexts);
  return (
    <TabLinks
      label={say('views')}
      tabs={[
        { to: '/rooms', label: say('list'), active: active === 'rooms' },
        { to: '/rooms/media/workers', label: say('workers'), active: active === 'workers' },
      ]}
    />
  );
}
