import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { overviewQuery } from '../api/queries.ts';
import { useTexts } from '../i18n/texts.ts';
import { Placeholder } from '../parts/query-view.tsx';
import { SidePanelSlot } from '../parts/side-panel.tsx';
import { useSession } from '../session/session.tsx';
import type { ConsoleWorkload } from '../workload.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { railEntries } from './navigation.ts';
import { PhoneBar } from './phone-bar.tsx';
import { Rail } from './rail.tsx';
import classes from './shell.module.css';
import { shellTexts } from './texts.ts';
import { TopBar } from './top-bar.tsx';

const Palette = lazy(() => import('./palette.tsx').then((module) => ({ default: module.Palette })));

/** The frame around every page: rail, top bar, the page, and the side panel's place. */
export function Shell({ workloads }: { readonly workloads: readonly ConsoleWorkload[] }) {
  const say = useTexts(shellTexts);
  const { t } = useTranslation();
  const { can } = useSession();
  const overview = useQuery(overviewQuery());
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  const [paletteWanted, setPaletteWanted] = useState(false);
  const openPalette = useCallback(() => {
    setPaletteWanted(true);
    void import('./palette.tsx').then((module) => module.openPalette());
  }, []);
  // Until it is loaded, the palette can't listen for its own shortcut.
  useHotkeys(paletteWanted ? [] : [['mod+K', openPalette]], []);

  const label = useCallback(
    (workload: string | undefined, key: string) =>
      workload ? t(key, { ns: workload, defaultValue: key }) : t(key, { ns: 'shell' }),
    [t],
  );
  const entries = railEntries(workloads, label, can);
  const commands = workloads.flatMap((workload) =>
    (workload.commands ?? []).map((command) => ({ ...command, label: label(workload.name, command.label) })),
  );
  const live = overview.data?.live ?? {};

  return (
    <SidePanelSlot value={slot}>
      <a href="#content" className={classes.skip}>
        {say('skip.content')}
      </a>
      <div className={classes.shell}>
        <Rail entries={entries} live={live} />
        <div className={classes.main}>
          <TopBar onPalette={openPalette} />
          {overview.isError && overview.data && (
            <p className={classes.banner} role="status">
              {say('offline.banner')}
            </p>
          )}
          <div className={classes.columns}>
            <main id="content" className={classes.content} tabIndex={-1}>
              <ErrorBoundary resetKey={pathname}>
                <Suspense fallback={<PageFallback />}>
                  <Outlet />
                </Suspense>
              </ErrorBoundary>
            </main>
            <div ref={setSlot} className={classes.slot} />
          </div>
          <PhoneBar entries={entries} live={live} />
        </div>
      </div>
      {paletteWanted && (
        <Suspense>
          <Palette entries={entries} commands={commands} />
        </Suspense>
      )}
    </SidePanelSlot>
  );
}

/** Stands in while a page's code is loading; it becomes visible only if that takes a while. */
export function PageFallback() {
  return (
    <div className={classes.fallback}>
      <Placeholder rows={5} />
    </div>
  );
}
