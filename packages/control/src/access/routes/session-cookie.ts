import type { Me } from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeMe } from '../me.ts';
import { endSession, sessionCookie } from '../sessions.ts';
import type { SignedIn, Visitor } from '../sign-in.ts';
import type { AccessRoutesDeps } from './dependencies.ts';

/** From where a request comes, for the list of one's sessions. */
export function visitor(request: FastifyRequest): Visitor {
  return { address: request.ip, userAgent: request.headers['user-agent'] };
}

/** Sets the session's cookie, or with an empty value takes it away. */
export function setCookie(deps: AccessRoutesDeps, reply: FastifyReply, value: string): FastifyReply {
  const cookie = sessionCookie(value, deps.publicUrl().startsWith('https:'));
  return reply.setCookie(cookie.name, cookie.value, cookie.options);
}

/** Sets the session's cookie and answers who has come in. */
export async function enter(
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

/** Ends a session of whoever asks, with its audit row. */
export async function endOwnSession(
  deps: AccessRoutesDeps,
  request: FastifyRequest,
  id: string,
): Promise<void> {
  const { actor } = request;
  await deps.store.transaction(async (tx) => {
    await endSession(tx, actor.id ?? '', id);
    await deps.audit.record(tx, { actor, action: 'session.end', subject: { kind: 'session', id } });
  });
}
