import {
  type AnyRoute,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { Broken } from '../shell/error-boundary.tsx';
import { NotFound } from '../shell/not-found.tsx';
import { Shell } from '../shell/shell.tsx';
import type { ConsoleWorkload } from '../workload.ts';

/** The console's own pages. Each is a chunk of its own, loaded when somebody goes there or points at its link. */
const pages = [
  ['/', () => import('../pages/overview/overview-page.tsx')],
  ['/nodes', () => import('../pages/nodes/nodes-page.tsx')],
  ['/nodes/$id', () => import('../pages/nodes/node-page.tsx')],
  ['/jobs', () => import('../pages/jobs/jobs-page.tsx')],
  ['/jobs/$id', () => import('../pages/jobs/job-page.tsx')],
  ['/tasks/$id', () => import('../pages/jobs/task-page.tsx')],
  ['/flows', () => import('../pages/flows/list/flows-page.tsx')],
  ['/flows/new', () => import('../pages/flows/new-flow-page.tsx')],
  ['/flows/runs', () => import('../pages/flows/run/runs-page.tsx')],
  ['/flows/runs/$id', () => import('../pages/flows/run/run-page.tsx')],
  ['/flows/$id', () => import('../pages/flows/flow-page.tsx')],
  ['/events', () => import('../pages/events/events-page.tsx')],
  ['/audit', () => import('../pages/events/audit-page.tsx')],
  ['/access', () => import('../pages/access/access-page.tsx')],
  ['/settings', () => import('../pages/settings/settings-page.tsx')],
  ['/settings/account', () => import('../pages/settings/account-page.tsx')],
] as const;

/** The router over the console's pages and those that the workloads bring. */
export function createConsoleRouter(workloads: readonly ConsoleWorkload[]) {
  const root = createRootRoute({
    component: () => <Shell workloads={workloads} />,
    notFoundComponent: NotFound,
    errorComponent: ({ error }) => <Broken error={error} />,
  });
  const routes: AnyRoute[] = pages.map(([path, load]) =>
    createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) }),
  );
  for (const workload of workloads) {
    for (const page of workload.pages) {
      const path = page.path.startsWith('/') ? page.path : `/${page.path}`;
      routes.push(
        createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(page.component) }),
      );
    }
  }
  return createRouter({
    routeTree: root.addChildren(routes),
    defaultPreload: false,
    // Pages keep their own data; a page that takes long shows its own placeholder.
    defaultPendingMs: 200,
    defaultErrorComponent: ({ error }) => <Broken error={error} />,
    scrollRestoration: true,
    scrollToTopSelectors: ['#content'],
  });
}
