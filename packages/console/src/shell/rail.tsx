import { Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useRouterState } from '@tanstack/react-router';
import { formatCount } from '../format/number.ts';
import { useTexts } from '../i18n/texts.ts';
import { Link } from '../parts/link.tsx';
import { Logo } from './logo.tsx';
import { activeEntry, type RailEntry } from './navigation.ts';
import classes from './rail.module.css';
import { shellTexts } from './texts.ts';

interface RailProps {
  readonly entries: readonly RailEntry[];
  /** How much of each workload runs now. */
  readonly live: Readonly<Record<string, number>>;
  readonly onFollow?: () => void;
}

/** The left rail: where one can go, and how much of each kind of work is live. Icons only where it is narrow. */
export function Rail({ entries, live }: RailProps) {
  const say = useTexts(shellTexts);
  const narrow = useMediaQuery('(max-width: 68.74em)', false, { getInitialValueInEffect: false });
  return (
    <nav className={classes.rail} aria-label={say('rail.label')}>
      <Link to="/" className={classes.brand} aria-label="Backlot">
        <Logo size={24} />
        <span className={classes.brandName}>Backlot</span>
      </Link>
      <RailList entries={entries} live={live} tooltips={narrow} />
    </nav>
  );
}

/** The entries alone, for the rail and for the sheet that a phone shows. */
export function RailList({
  entries,
  live,
  onFollow,
  tooltips = false,
}: RailProps & { readonly tooltips?: boolean }) {
  const say = useTexts(shellTexts);
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const active = activeEntry(entries, pathname);
  return (
    <ul className={classes.list}>
      {entries.map((entry) => {
        const count = entry.workload ? (live[entry.workload] ?? 0) : 0;
        return (
          <li key={entry.key}>
            <Tooltip label={entry.label} position="right" disabled={!tooltips}>
              <Link
                to={entry.path}
                className={classes.entry}
                aria-current={entry === active ? 'page' : undefined}
                onClick={onFollow}
              >
                <entry.icon size={17} aria-hidden="true" />
                <span className={classes.label}>{entry.label}</span>
                {count > 0 && (
                  <span className={classes.count} title={say('rail.live', { count })}>
                    <span aria-hidden="true">{formatCount(count)}</span>
                    <span className="visually-hidden">{say('rail.live', { count })}</span>
                  </span>
                )}
              </Link>
            </Tooltip>
          </li>
        );
      })}
    </ul>
  );
}
