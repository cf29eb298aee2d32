import { timingSafeEqual } from 'node:crypto';
import { BacklotError, chooseLanguage, httpErrors, kernelErrors } from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Authenticator, anonymous, type Identity } from '../access/authentication.ts';
import { sessionCookieName } from '../access/sessions.ts';
import type { LimitRule, RateLimiter } from './rate-limiter.ts';
import { isSameOrigin } from './same-origin.ts';

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity;
  }
}

/** Wrong tokens from one address; a script with an old token reaches this within a minute, a person never. */
const wrongTokens: LimitRule = { burst: 60, perMinute: 60 };

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AuthenticateOptions {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly secure: () => boolean;
  readonly publicOrigin: () => string;
}

/**
 * Finds out who asks, for every route; `request.actor` is there from then on. On public routes credentials that
 * prove nothing are overlooked: signing in must be possible with an old cookie.
 * @throws unauthenticated, too_many_requests
 */
export function authenticate(options: AuthenticateOptions) {
  const { authenticator, limiter } = options;
  return async (request: FastifyRequest): Promise<void> => {
    const language = chooseLanguage(request.headers['accept-language']);
    request.identity = anonymous(language);
    request.actor = request.identity.actor;
    const access = request.routeOptions.config?.access;
    const { authorization } = request.headers;
    const cookie = request.cookies[sessionCookieName(options.secure())];
    const isPublic = access === undefined || access.kind === 'public';
    // Files of the console come with the cookie too; who reads them is of no matter, so the database isn't asked.
    if (isPublic && authorization === undefined && !request.url.startsWith('/api/')) return;

    if (authorization !== undefined && !isPublic) {
      const waitS = limiter.wait(`wrong-token:${request.ip}`, wrongTokens);
      if (waitS > 0) throw tooMany(waitS);
    }
    const identity = await authenticator.identify({ authorization, cookie }, language);
    if (identity) {
      request.identity = identity;
      request.actor = identity.actor;
      if (identity.allocation) {
        const { allocation, fence, nodeId, projectId } = identity.allocation;
        request.allocation = { id: allocation, fence, nodeId, projectId };
      }
      return;
    }
    if (isPublic) return;
    if (authorization !== undefined) limiter.take(`wrong-token:${request.ip}`, wrongTokens);
    throw new BacklotError(kernelErrors.unauthenticated);
  };
}

/**
 * Changes by cookie must come from a page of this installation: the browser's word for it (`Origin`), and the
 * session's own proof, which only such a page can have read (`X-CSRF-Token`). Tokens need neither: no browser
 * adds them by itself.
 * @throws csrf_failed
 */
export function checkCsrf(options: Pick<AuthenticateOptions, 'publicOrigin'>) {
  return (request: FastifyRequest, _reply: FastifyReply, next: (error?: Error) => void): void => {
    try {
      if (!reading.has(request.method)) requireSamePage(request, options.publicOrigin());
      next();
    } catch (error) {
      next(error as Error);
    }
  };
}

function requireSamePage(request: FastifyRequest, publicOrigin: string): void {
  const { origin, host } = request.headers;
  const { session } = request.identity;
  const sameOrigin = isSameOrigin({ origin, host, publicOrigin });
  if (!session) {
    // Signing in has no session yet. Another page must not sign somebody in to an account of its choice.
    if (
      origin !== undefined &&
      !sameOrigin &&
      request.identity.via === 'nothing' &&
      isBrowserRoute(request)
    ) {
      throw failed('Origin');
    }
    return;
  }
  if (!sameOrigin) throw failed('Origin');
  const token = request.headers['x-csrf-token'];
  if (typeof token !== 'string' || !equal(token, session.csrfToken)) throw failed('X-CSRF-Token');
}

/** Public routes that set the session cookie. Others are for programs, also those that run on other pages. */
function isBrowserRoute(request: FastifyRequest): boolean {
  return request.routeOptions.config.setsCookie === true;
}

function equal(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function failed(reason: string): BacklotError {
  return new BacklotError(httpErrors.csrf_failed, { params: { reason } });
}

/** The answer to one who asks too often. */
export function tooMany(seconds: number): BacklotError {
  return new BacklotError(kernelErrors.too_many_requests, { params: { seconds }, retryAfterS: seconds });
}

/** Enforces `config.limit`. Before authentication, so that it protects the work of that as well. */
export function limitRoute(limiter: RateLimiter) {
  return (request: FastifyRequest, _reply: FastifyReply, next: (error?: Error) => void): void => {
    const limit = request.routeOptions.config?.limit;
    const waitS = limit ? limiter.take(`${limit.name}:${request.ip}`, limit) : 0;
    next(waitS > 0 ? tooMany(waitS) : undefined);
  };
}
