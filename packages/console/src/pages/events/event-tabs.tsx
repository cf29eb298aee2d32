import { useTexts } from '../../i18n/texts.ts';
import { TabLinks } from '../../parts/tab-links.tsx';
import { useSession } from '../../session/session.tsx';
import { eventTexts } from './texts.ts';

/** Events are what happened; the audit is who did it. They stand side by side. */
export function EventTabs({ active }: { readonly active: 'events' | 'audit' }) {
  const say = useTexts(eventTexts);
  const { can } = useSession();
  if (!can('audit.read')) return null;
  return (
    <TabLinks
      label={say('tabs')}
      tabs={[
        { to: '/events', label: say('title'), active: active === 'events' },
        { to: '/audit', label: say('audit'), active: active === 'audit' },
      ]}
    />
  );
}
