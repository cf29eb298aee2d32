import {
  Account,
  AccountCreate,
  AccountCreated,
  AccountPatch,
  IdParams,
  Page,
  PageQuery,
} from '@backlot/contract';
import { z } from 'zod';
import { decodeCursor, page } from '../../http/paging.ts';
import type { App, RouteAccess } from '../../workload.ts';
import { linkAddress } from '../one-time-links.ts';
import type { AccessRoutesDeps } from './dependencies.ts';

const manageAccounts: RouteAccess = {
  kind: 'permission',
  permission: 'accounts.manage',
  project: 'everywhere',
};

/** Everybody's accounts, for administrators. */
export function accountRoutes(app: App, deps: AccessRoutesDeps): void {
  const { accounts, publicUrl } = deps;
  const config = { access: manageAccounts };

  app.get(
    '/api/v1/accounts',
    {
      config,
      schema: {
        summary: 'All accounts, by address.',
        querystring: PageQuery,
        response: { 200: Page(Account) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = decodeCursor(cursor, z.object({ email: z.string() }));
      const rows = await accounts.list({ afterEmail: after?.email, limit });
      return page(
        rows,
        limit,
        ({ email }) => ({ email }),
        (account) => account,
      );
    },
  );
  app.post(
    '/api/v1/accounts',
    {
      config: { ...config, secretAnswer: true },
      schema: { summary: 'Make an account.', body: AccountCreate, response: { 201: AccountCreated } },
    },
    async (request, reply) => {
      const { account, linkToken } = await accounts.create(request.body, request.actor);
      const setupLink = linkToken === undefined ? {} : { setupLink: linkAddress(publicUrl(), linkToken) };
      return await reply.code(201).send({ account, ...setupLink });
    },
  );
  app.get(
    '/api/v1/accounts/:id',
    { config, schema: { summary: 'One account.', params: IdParams, response: { 200: Account } } },
    async (request) => await accounts.get(request.params.id),
  );
  app.patch(
    '/api/v1/accounts/:id',
    {
      config,
      schema: {
        summary: 'Change an account: name, language, roles, disabled.',
        params: IdParams,
        body: AccountPatch,
        response: { 200: Account },
      },
    },
    async (request) => await accounts.change(request.params.id, request.body, request.actor),
  );
  app.delete(
    '/api/v1/accounts/:id',
    {
      config,
      schema: {
        summary: 'Delete an account; what it did stays in the audit.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await accounts.remove(request.params.id, request.actor);
      return await reply.code(204).send();
    },
  );
  app.post(
    '/api/v1/accounts/:id/setup-link',
    {
      config: { ...config, secretAnswer: true },
      schema: {
        summary: 'A new one-time link by which the owner chooses a password.',
        params: IdParams,
        response: { 200: AccountCreated },
      },
    },
    async (request) => {
      const { account, linkToken } = await accounts.issueLink(request.params.id, request.actor);
      return { account, setupLink: linkAddress(publicUrl(), linkToken) };
    },
  );
}
