import { TabLinks, useTexts } from '@backlot/console/workload';
import { streamTexts } from '../texts.ts';

type View = 'apps' | 'instances' | 'sessions' | 'queue';

const places: Readonly<Record<View, string>> = {
  apps: '/streams',
  sessions: '/streams/sessions',
  queue: '/streams/queue',
  instances: '/streams/instances',
};

export function ViewTabs({ active }: { readonly active: View }) {
  const say = useTexts(streamTexts);
  return (
    <TabLinks
      label={say('views')}
      tabs={(Object.keys(places) as View[]).map((view) => ({
        to: places[view],
        label: say(`view.${view}`),
        active: view === active,
      }))}
    />
  );
}
