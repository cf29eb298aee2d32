import { useTexts } from '../../i18n/texts.ts';
import { TabLinks } from '../../parts/tab-links.tsx';
import { flowTexts } from './texts.ts';

/** Flows and what they have done. */
export function FlowTabs({ active }: { readonly active: 'flows' | 'runs' }) {
  const say = useTexts(flowTexts);
  return (
    <TabLinks
      label={say('tabs')}
      tabs={[
        { to: '/flows', label: say('tab.flows'), active: active === 'flows' },
        { to: '/flows/runs', label: say('tab.runs'), active: active === 'runs' },
      ]}
    />
  );
}
