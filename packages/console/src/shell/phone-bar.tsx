import { Drawer } from '@mantine/core';
import { IconMenu2 } from '@tabler/icons-react';
import { useRouterState } from '@tanstack/react-router';
import { useState } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { Link } from '../parts/link.tsx';
import { activeEntry, type RailEntry } from './navigation.ts';
import classes from './phone-bar.module.css';
import { RailList } from './rail.tsx';
import { shellTexts } from './texts.ts';

interface PhoneBarProps {
  readonly entries: readonly RailEntry[];
  readonly live: Readonly<Record<string, number>>;
}

/** How many entries have room beside "More" on 390 px, with a finger's width each. */
const room = 4;

/** The rail of a phone: at the bottom, in reach of a thumb. The rest is behind "More". */
export function PhoneBar({ entries, live }: PhoneBarProps) {
  const say = useTexts(shellTexts);
  const [open, setOpen] = useState(false);
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const active = activeEntry(entries, pathname);
  return (
    <nav className={classes.bar} aria-label={say('rail.label')}>
      {entries.slice(0, room).map((entry) => (
        <Link
          key={entry.key}
          to={entry.path}
          className={classes.item}
          aria-current={entry === active ? 'page' : undefined}
        >
          <entry.icon size={20} aria-hidden="true" />
          <span>{entry.label}</span>
        </Link>
      ))}
      <button type="button" className={classes.item} aria-expanded={open} onClick={() => setOpen(true)}>
        <IconMenu2 size={20} aria-hidden="true" />
        <span>{say('rail.more')}</span>
      </button>
      <Drawer
        opened={open}
        onClose={() => setOpen(false)}
        position="bottom"
        size="auto"
        title="Backlot"
        closeButtonProps={{ 'aria-label': say('rail.more') }}
      >
        <RailList entries={entries} live={live} onFollow={() => setOpen(false)} />
      </Drawer>
    </nav>
  );
}
