import { type App, inAnyProject, type Kernel } from '@backlot/control/workload';
import { PixelmanImport, PixelmanImported } from '../../contract.ts';
import { importPixelman } from './pixelman.ts';

/** `POST /api/v1/streams/import/pixelman`: what a configuration of pixelman becomes here. */
export function importRoutes(app: App, _kernel: Kernel): void {
  app.post(
    '/api/v1/streams/import/pixelman',
    {
      // Changes nothing: the answer is what an app can be made from.
      config: { access: inAnyProject('streams.apps.write'), audited: 'by-handler' },
      schema: {
        summary: 'Read a configuration of pixelman into parts of an app.',
        tags: ['streams'],
        body: PixelmanImport,
        response: { 200: PixelmanImported },
      },
    },
    async ({ body }) => importPixelman(body.config),
  );
}
