import { Kbd, UnstyledButton } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useTexts } from '../i18n/texts.ts';
import { AccountMenu } from './account-menu.tsx';
import { HealthDot } from './health-dot.tsx';
import { LanguageMenu } from './language-menu.tsx';
import { ProjectMenu } from './project-menu.tsx';
import { SchemeMenu } from './scheme-menu.tsx';
import { shellTexts } from './texts.ts';
import classes from './top-bar.module.css';

interface TopBarProps {
  readonly onPalette: () => void;
}

const onMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function TopBar({ onPalette }: TopBarProps) {
  const say = useTexts(shellTexts);
  return (
    <header className={classes.bar}>
      <ProjectMenu />
      <UnstyledButton className={classes.search} onClick={onPalette} aria-keyshortcuts="Control+K Meta+K">
        <IconSearch size={15} aria-hidden="true" />
        <span className={classes.searchText}>{say('palette.open')}</span>
        <Kbd size="xs" className={classes.keys}>
          {onMac ? '⌘K' : 'Ctrl K'}
        </Kbd>
      </UnstyledButton>
      <div className={classes.tools}>
        <HealthDot />
        <LanguageMenu />
        <SchemeMenu />
        <AccountMenu />
      </div>
    </header>
  );
}
