import { TabLinks, useTexts } from '@backlot/console/workload';
import { deliveryTexts } from '../texts.ts';

/** What goes where, where that is, and what was told. */
export function ViewTabs({ active }: { readonly active: 'uploads' | 'targets' | 'messages' }) {
  const say = useTexts(deliveryTexts);
  return (
    <TabLinks
      label={say('views')}
      tabs={[
        { to: '/deliveries', label: say('uploads'), active: active === 'uploads' },
        { to: '/deliveries/targets', label: say('targets'), active: active === 'targets' },
        { to: '/deliveries/messages', label: say('messages'), active: active === 'messages' },
      ]}
    />
  );
}
