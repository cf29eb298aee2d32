import { IdParams, LoginSession, Me, MePatch, Page, PasswordChange } from '@backlot/contract';
import { z } from 'zod';
import type { App } from '../../workload.ts';
import { changeMe, describeMe, wholeAccount } from '../me.ts';
import { listSessions } from '../sessions.ts';
import { type AccessRoutesDeps, secrets, signedIn } from './dependencies.ts';
import { endOwnSession } from './session-cookie.ts';

/** One's own account. */
export function meRoutes(app: App, deps: AccessRoutesDeps): void {
  const { store, signIn } = deps;

  app.get(
    '/api/v1/me',
    {
      config: { access: signedIn },
      schema: { summary: 'Who one is and what one may.', response: { 200: Me } },
    },
    async (request) => await describeMe(deps, request.identity),
  );
  app.patch(
    '/api/v1/me',
    {
      config: { access: signedIn },
      schema: { summary: 'Change one’s own name or language.', body: MePatch, response: { 200: Me } },
    },
    async (request) => {
      const accountId = wholeAccount(request.identity);
      await changeMe(deps, request.actor, accountId, request.body);
      const actor = { ...request.actor, language: request.body.language ?? request.actor.language };
      return await describeMe(deps, { ...request.identity, actor });
    },
  );
  app.post(
    '/api/v1/me/password',
    {
      config: { access: signedIn, limit: secrets },
      schema: {
        summary: 'Change one’s own password.',
        body: PasswordChange,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const accountId = wholeAccount(request.identity);
      await signIn.changePassword(request.actor, accountId, request.body, request.identity.session?.id);
      return await reply.code(204).send();
    },
  );
  app.get(
    '/api/v1/me/sessions',
    {
      config: { access: signedIn },
      schema: { summary: 'Where one is signed in.', response: { 200: Page(LoginSession) } },
    },
    async (request) => ({
      items: await listSessions(store.db, wholeAccount(request.identity), request.identity.session?.id),
    }),
  );
  app.delete(
    '/api/v1/me/sessions/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'End one of one’s own sessions.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      wholeAccount(request.identity);
      await endOwnSession(deps, request, request.params.id);
      return await reply.code(204).send();
    },
  );
}
