import { useTexts } from '../../i18n/texts.ts';
import { TabLinks } from '../../parts/tab-links.tsx';
import { settingsTexts } from './texts.ts';

export const settingsParts = ['general', 'webhooks', 'about'] as const;
type Part = (typeof settingsParts)[number];

/** The permission without which a part shows nothing but refusals. */
export const neededFor: Record<Part, string> = {
  general: 'settings.read',
  webhooks: 'webhooks.manage',
  about: 'projects.read',
};

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
