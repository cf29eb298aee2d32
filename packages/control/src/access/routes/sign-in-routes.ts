import { LinkCheck, LinkState, LoginBody, Me, PasswordSet, SetupBody, SetupState } from '@backlot/contract';
import { z } from 'zod';
import type { App, RouteAccess } from '../../workload.ts';
import { readLink } from '../one-time-links.ts';
import { type AccessRoutesDeps, secrets, signedIn } from './dependencies.ts';
import { endOwnSession, enter, setCookie, visitor } from './session-cookie.ts';

const open: RouteAccess = { kind: 'public' };

/** Coming in and going out. */
export function signInRoutes(app: App, deps: AccessRoutesDeps): void {
  const { signIn, store } = deps;
  const config = { access: open, limit: secrets, setsCookie: true, secretAnswer: true };

  app.get(
    '/api/v1/setup',
    {
      config: { access: open },
      schema: {
        summary: 'Whether the first administrator is still to be made.',
        response: { 200: SetupState },
      },
    },
    async () => ({ needed: await signIn.setupNeeded() }),
  );
  app.post(
    '/api/v1/setup',
    {
      config,
      schema: {
        summary: 'Make the first administrator by the set-up link.',
        body: SetupBody,
        response: { 200: Me },
      },
    },
    async (request, reply) => enter(deps, request, reply, await signIn.setUp(request.body, visitor(request))),
  );
  app.post(
    '/api/v1/setup/check',
    {
      config: { access: open, limit: secrets, audited: 'by-handler' },
      schema: { summary: 'What a one-time link is for.', body: LinkCheck, response: { 200: LinkState } },
    },
    async (request) => {
      const purpose = await readLink(store.db, request.body.token);
      if (purpose.kind === 'setup') return { purpose: 'setup' as const, email: null, name: null };
      const account = await deps.accounts.get(purpose.accountId);
      return { purpose: 'password' as const, email: account.email, name: account.name };
    },
  );
  app.post(
    '/api/v1/password',
    {
      config,
      schema: { summary: 'Choose a password by a one-time link.', body: PasswordSet, response: { 200: Me } },
    },
    async (request, reply) =>
      enter(deps, request, reply, await signIn.choosePassword(request.body, visitor(request))),
  );
  app.post(
    '/api/v1/login',
    {
      config,
      schema: { summary: 'Sign in by e-mail address and password.', body: LoginBody, response: { 200: Me } },
    },
    async (request, reply) => enter(deps, request, reply, await signIn.login(request.body, visitor(request))),
  );
  app.post(
    '/api/v1/logout',
    {
      config: { access: signedIn, audited: 'by-handler' },
      schema: { summary: 'End this session.', response: { 204: z.undefined() } },
    },
    async (request, reply) => {
      const { session, actor } = request.identity;
      if (session && actor.id !== null) await endOwnSession(deps, request, session.id);
      return await setCookie(deps, reply, '').code(204).send();
    },
  );
}
