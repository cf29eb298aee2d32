import { TabLinks, useTexts } from '@backlot/console/workload';
import { renderTexts } from '../texts.ts';

export function ViewTabs({ active }: { readonly active: 'renders' | 'library' }) {
  const say = useTexts(renderTexts);
  return (
    <TabLinks
      label={say('views')}
      tabs={[
        { to: '/renders', label: say('list'), active: active === 'renders' },
        { to: '/renders/models', label: say('library'), active: active === 'library' },
      ]}
    />
  );
}
