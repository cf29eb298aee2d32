import { ApiToken, ApiTokenCreate, ApiTokenCreated, IdParams, Page, PageQuery } from '@backlot/contract';
import { z } from 'zod';
import { decodeCursor, page } from '../../http/paging.ts';
import type { RouteLimit } from '../../http/route-config.ts';
import type { App } from '../../workload.ts';
import { wholeAccount } from '../me.ts';
import { type AccessRoutesDeps, signedIn } from './dependencies.ts';

const making: RouteLimit = { name: 'token', burst: 30, perMinute: 10 };

/** One's own API tokens. */
export function tokenRoutes(app: App, deps: AccessRoutesDeps): void {
  const { tokens, clock, access } = deps;

  app.get(
    '/api/v1/tokens',
    {
      config: { access: signedIn },
      schema: { summary: 'One’s own API tokens.', querystring: PageQuery, response: { 200: Page(ApiToken) } },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const beforeId = decodeCursor(cursor, IdParams)?.id;
      const rows = await tokens.list({ accountId: wholeAccount(request.identity), beforeId, limit });
      return page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (token) => token,
      );
    },
  );
  app.post(
    '/api/v1/tokens',
    {
      config: { access: signedIn, limit: making, secretAnswer: true },
      schema: {
        summary: 'Make an API token; its secret is told once.',
        body: ApiTokenCreate,
        response: { 201: ApiTokenCreated },
      },
    },
    async (request, reply) => {
      const accountId = wholeAccount(request.identity);
      const made = await tokens.create(request.body, accountId, request.actor, clock.now());
      return await reply.code(201).send(made);
    },
  );
  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { access: signedIn },
      schema: { summary: 'Revoke an API token.', params: IdParams, response: { 204: z.undefined() } },
    },
    async (request, reply) => {
      const { actor, identity, params } = request;
      // Whoever manages accounts may revoke anybody's token; the others their own.
      const anybody = access.may(actor, 'accounts.manage', null);
      await tokens.revoke(params.id, anybody ? undefined : wholeAccount(identity), actor);
      return await reply.code(204).send();
    },
  );
}
