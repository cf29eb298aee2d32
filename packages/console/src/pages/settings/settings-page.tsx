import { useTexts } from '../../i18n/texts.ts';
import { Page } from '../../parts/page.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { About } from './about.tsx';
import { General } from './general.tsx';
import { neededFor, SettingsTabs, settingsParts } from './settings-tabs.tsx';
import { settingsTexts } from './texts.ts';
import { Webhooks } from './webhooks.tsx';

/** What is set for everybody: webhooks, how long files are kept, and what this installation is. */
export default function SettingsPage() {
  const say = useTexts(settingsTexts);
  const { can } = useSession();
  const [wanted] = useSearch('part');
  const allowed = settingsParts.filter((part) => can(neededFor[part]));
  const active = allowed.find((part) => part === wanted) ?? allowed[0] ?? 'about';
  return (
    <Page fill title={say('title')} aside={<SettingsTabs parts={allowed} active={active} />}>
      {active === 'webhooks' && <Webhooks />}
      {active === 'general' && <General />}
      {active === 'about' && <About />}
    </Page>
  );
}
