import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { PollAnswer, PollRequest } from '@backlot/contract/link/poll';
import type { App } from '../../workload.ts';
import type { LinkServer } from './link-server.ts';

/** Room for a full batch of messages and what is around them. */
const POLL_BODY_BYTES = linkMaxBytes * 2;

/** The link over plain HTTP. Who calls is decided by the `hello` inside, as on the socket. */
export function linkRoutes(app: App, links: LinkServer): void {
  app.route({
    method: 'POST',
    url: '/api/v1/node/poll',
    bodyLimit: POLL_BODY_BYTES,
    config: {
      access: { kind: 'public' },
      audited: 'by-handler',
      secretAnswer: true,
      limit: { name: 'node-poll', perMinute: 6_000, burst: 1_000 },
    },
    schema: {
      summary: 'One round of the node link for networks that let no WebSocket through.',
      tags: ['nodes'],
      body: PollRequest,
      response: { 200: PollAnswer },
    },
    async handler(request, reply) {
      const gone = new AbortController();
      const onClose = () => gone.abort();
      reply.raw.once('close', onClose);
      try {
        return await links.poll(request.body, request.ip, gone.signal);
      } finally {
        reply.raw.removeListener('close', onClose);
      }
    },
  });
}
