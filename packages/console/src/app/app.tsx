import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { I18nextProvider } from 'react-i18next';
import { LiveProvider } from '../api/live.tsx';
import { createQueryClient } from '../api/query-client.ts';
import { i18n } from '../i18n/i18n.ts';
import { Gate } from '../session/gate.tsx';
import { meQuery } from '../session/session.tsx';
import { SetUp } from '../session/set-up.tsx';
import { theme } from '../theme/theme.ts';
import type { ConsoleWorkload } from '../workload.ts';
import { WorkloadsContext } from '../workloads/use-workloads.ts';
import { createConsoleRouter } from './router.tsx';

const colorSchemeManager = localStorageColorSchemeManager({ key: 'backlot.color-scheme' });

interface AppProps {
  readonly workloads: readonly ConsoleWorkload[];
}

/** Everything that stands around the pages, from the outside in. */
export function App({ workloads }: AppProps) {
  const [client] = useState(() => {
    const made = createQueryClient(() => {
      // Not "invalidate": the question who is signed in has just been answered.
      if (made.getQueryData(meQuery().queryKey)) void made.resetQueries({ queryKey: meQuery().queryKey });
    });
    return made;
  });
  const [router] = useState(() => createConsoleRouter(workloads));
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <I18nextProvider i18n={i18n}>
        <QueryClientProvider client={client}>
          {location.pathname === '/setup' ? (
            <SetUp />
          ) : (
            <Gate>
              <WorkloadsContext value={workloads}>
                <LiveProvider workloads={workloads}>
                  <RouterProvider router={router} />
                </LiveProvider>
              </WorkloadsContext>
            </Gate>
          )}
        </QueryClientProvider>
      </I18nextProvider>
    </MantineProvider>
  );
}
