import { useTexts } from '../../i18n/texts.ts';
import { TabLinks } from '../../parts/tab-links.tsx';
import { settingsTexts } from './texts.ts';

type Part = 'webhooks' | 'storage' | 'about';

interface SettingsTabsProps {
  readonly parts: readonly Part[];
  readonly active: Part | 'account';
}

export function SettingsTabs({ parts, active }: SettingsTabsProps) {
  const say = useTexts(settingsTexts);
  return (
    <TabLinks
      label={say('tabs')}
      tabs={[
        ...parts.map((part) => ({ to: `/settings?part=${part}`, label: say(part), active: part === active })),
        { to: '/settings/account', label: say('account'), active: active === 'account' },
      ]}
    />
  );
}
