import { languages } from '@backlot/contract/phrase';
import { ActionIcon, Menu } from '@mantine/core';
import { IconLanguage } from '@tabler/icons-react';
import { languageNames } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useLanguage } from '../i18n/use-language.ts';
import { shellTexts } from './texts.ts';

/** Each language under its own name: who can't read the page must still find theirs. */
export function LanguageMenu() {
  const say = useTexts(shellTexts);
  const { language, setLanguage } = useLanguage();
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon aria-label={say('language.label')} title={say('language.label')}>
          <IconLanguage size={17} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {languages.map((one) => (
          <Menu.Item
            key={one}
            lang={one}
            role="menuitemradio"
            aria-checked={one === language}
            fw={one === language ? 600 : 400}
            onClick={() => setLanguage(one)}
          >
            {languageNames[one]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
