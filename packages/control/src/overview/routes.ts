import { Overview } from '@backlot/contract';
import type { App } from '../workload.ts';
import { type OverviewDeps, readOverview } from './overview.ts';

export function overviewRoutes(app: App, deps: OverviewDeps): void {
  app.get(
    '/api/v1/overview',
    {
      config: { access: { kind: 'signedIn' } },
      schema: {
        summary: 'What runs, waits and failed, and the load of the fleet.',
        response: { 200: Overview },
      },
    },
    async (request) => await readOverview(deps, request.actor),
  );
}
