import {
  Account,
  AccountCreate,
  AccountCreated,
  AccountPatch,
  ApiToken,
  ApiTokenCreate,
  ApiTokenCreated,
  AuditEntry,
  AuditQuery,
  type Clock,
  IdParams,
  LinkCheck,
  LinkState,
  LoginBody,
  LoginSession,
  Me,
  MePatch,
  Page,
  PageQuery,
  PasswordChange,
  PasswordSet,
  SetupBody,
  SetupState,
} from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Store } from '../db/database.ts';
import { decodeCursor, page } from '../http/paging.ts';
import type { RouteLimit } from '../http/route-config.ts';
import type { AccessControl, AuditLog } from '../kernel.ts';
import type { App, RouteAccess } from '../workload.ts';
import type { Accounts } from './accounts.ts';
import { readAudit } from './audit-query.ts';
import { changeMe, describeMe, wholeAccount } from './me.ts';
import { linkAddress, readLink } from './one-time-links.ts';
import { endSession, listSessions, sessionCookie } from './sessions.ts';
import type { SignedIn, SignIn, Visitor } from './sign-in.ts';
import type { Tokens } from './tokens.ts';

export interface AccessRoutesDeps {
  readonly store: Store;
  readonly access: AccessControl;
  readonly audit: AuditLog;
  readonly accounts: Accounts;
  readonly signIn: SignIn;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly publicUrl: () => string;
}

const open: RouteAccess = { kind: 'public' };
const signedIn: RouteAccess = { kind: 'signedIn' };
const manageAccounts: RouteAccess = {
  kind: 'permission',
  permission: 'accounts.manage',
  project: 'everywhere',
};
/** Everything that checks a secret shares one allowance per address. */
const secrets: RouteLimit = { name: 'sign-in', burst: 20, perMinute: 10 };
const making: RouteLimit = { name: 'token', burst: 30, perMinute: 10 };

/** Signing in and out, and what somebody may do with their own account. */
export function accessRoutes(app: App, deps: AccessRoutesDeps): void {
  signInRoutes(app, deps);
  meRoutes(app, deps);
  tokenRoutes(app, deps);
  accountRoutes(app, deps);
  auditRoutes(app, deps);
}

function signInRoutes(app: App, deps: AccessRoutesDeps): void {
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

function meRoutes(app: App, deps: AccessRoutesDeps): void {
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

function tokenRoutes(app: App, deps: AccessRoutesDeps): void {
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

function accountRoutes(app: App, deps: AccessRoutesDeps): void {
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

function auditRoutes(app: App, { store, access }: AccessRoutesDeps): void {
  app.get(
    '/api/v1/audit',
    {
      config: { access: { kind: 'permission', permission: 'audit.read', project: 'any' } },
      schema: {
        summary: 'Who changed what, newest first.',
        querystring: AuditQuery,
        response: { 200: Page(AuditEntry) },
      },
    },
    async (request) => {
      const { query } = request;
      const before = decodeCursor(query.cursor, z.object({ seq: z.number().int() }));
      const projects = access.projectsWith(request.actor, 'audit.read');
      const rows = await readAudit(store.db, query, before?.seq, projects);
      return page(
        rows,
        query.limit,
        ({ seq }) => ({ seq }),
        (entry) => entry,
      );
    },
  );
}

function visitor(request: FastifyRequest): Visitor {
  return { address: request.ip, userAgent: request.headers['user-agent'] };
}

function setCookie(deps: AccessRoutesDeps, reply: FastifyReply, value: string): FastifyReply {
  const cookie = sessionCookie(value, deps.publicUrl().startsWith('https:'));
  return reply.setCookie(cookie.name, cookie.value, cookie.options);
}

/** Sets the session's cookie and answers who has come in. */
async function enter(
  deps: AccessRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  entered: SignedIn,
): Promise<Me> {
  setCookie(deps, reply, entered.session.secret);
  const account = await deps.accounts.get(entered.accountId);
  return await describeMe(deps, {
    via: 'cookie',
    session: { id: entered.session.id, csrfToken: entered.session.csrfToken },
    actor: {
      ...request.actor,
      kind: 'account',
      id: account.id,
      name: account.name,
      grants: account.grants,
      scopes: ['*'],
      language: account.language,
    },
  });
}

async function endOwnSession(deps: AccessRoutesDeps, request: FastifyRequest, id: string): Promise<void> {
  const { actor } = request;
  await deps.store.transaction(async (tx) => {
    await endSession(tx, actor.id ?? '', id);
    await deps.audit.record(tx, { actor, action: 'session.end', subject: { kind: 'session', id } });
  });
}
