import { BacklotError } from '@backlot/contract';
import type { App, Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import { readWebhook } from '../../../contract/bililive/webhook.ts';
import { compatErrors } from '../../../contract/compat/errors.ts';
import type { Gateways } from '../gateways.ts';
import type { Webhooks } from '../webhook/webhooks.ts';
import { gatewayOf } from './nglive-routes.ts';

const Query = z.looseObject({
  token: z.string().max(200).optional(),
  /** Which recorder it is, where several send to one project. */
  source: z.string().max(100).optional(),
});

/**
 * Where BililiveRecorder sends its webhooks, of both versions. It tries three times within seconds and then forgets: so the
 * answer comes when it is written down, and the same thing told again is answered in the same way.
 */
export function webhookRoutes(app: App, kernel: Kernel, gateways: Gateways, webhooks: Webhooks): void {
  // The server takes it without the slash at its end, too.
  app.post(
    '/webhook/',
    {
      config: {
        access: { kind: 'public' },
        audited: 'by-handler',
        limit: { name: 'recordings-webhook', burst: 1_000, perMinute: 6_000 },
      },
      schema: {
        summary: 'Takes what BililiveRecorder tells, by its webhooks of version 1 or 2.',
        querystring: Query,
        body: z.looseObject({}),
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const gateway = await gatewayOf(gateways, request);
      const read = readWebhook(request.body);
      if (!read.ok) {
        throw new BacklotError(compatErrors.webhook_unreadable, { params: { reason: read.reason } });
      }
      const { event } = read;
      if (event) {
        const fresh = await webhooks.take(gateway.project_id, request.query.source ?? '', event);
        kernel.log.debug({ kind: event.kind, room: event.roomId, fresh }, 'a webhook of BililiveRecorder');
      }
      return reply.type('text/plain; charset=utf-8').send('ok');
    },
  );
}
