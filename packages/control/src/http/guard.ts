import { BacklotError, kernelErrors } from '@backlot/contract';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { AccessControl, Kernel } from '../kernel.ts';
import type { App, RouteAccess } from '../workload.ts';
import { subjectOfRoute } from './subject.ts';

/** A route as registered, for the table of access and for tests that must know all of them. */
export interface RegisteredRoute {
  readonly method: string;
  readonly url: string;
  readonly access: RouteAccess;
  readonly audited: boolean;
  readonly hasSummary: boolean;
}

/**
 * Collects every route and who may use it. Routes without `config.access` make the server refuse to start: what
 * nobody has decided must not be open.
 */
export function collectRoutes(app: App): () => RegisteredRoute[] {
  const seen: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    seen.push(route);
  });
  return () =>
    seen.flatMap((route) => {
      const access = route.config?.access;
      if (!access) {
        throw new Error(
          `${route.method} ${route.url} does not say who may use it. Add config.access to the route (see RouteAccess in workload.ts).`,
        );
      }
      return [route.method].flat().map((method) => ({
        method,
        url: route.url,
        access,
        audited: route.config?.audited !== 'by-handler',
        hasSummary: route.schema?.summary !== undefined || route.schema?.hide === true,
      }));
    });
}

export interface GuardOptions {
  readonly access: AccessControl;
  readonly kernel: () => Kernel;
}

/**
 * Decides what can be decided before the body is read: signed in or not, and permissions that hold everywhere or
 * anywhere. Runs right after authentication.
 */
export function guardEarly({ access }: GuardOptions) {
  return (request: FastifyRequest, _reply: FastifyReply, next: (error?: Error) => void): void => {
    const rule = request.routeOptions.config.access;
    try {
      // No rule: an unknown address, answered 404 by its own handler.
      if (rule && rule.kind !== 'public') checkEarly(rule, request, access);
      next();
    } catch (error) {
      next(error as Error);
    }
  };
}

function checkEarly(
  rule: Exclude<RouteAccess, { kind: 'public' }>,
  request: FastifyRequest,
  access: AccessControl,
): void {
  const { actor } = request;
  if (rule.kind === 'allocation') {
    if (!request.allocation) throw new BacklotError(kernelErrors.unauthenticated);
    return;
  }
  if (actor.kind !== 'account' && actor.kind !== 'token')
    throw new BacklotError(kernelErrors.unauthenticated);
  if (rule.kind !== 'permission') return;
  if (rule.project === 'everywhere') access.require(actor, rule.permission, null);
  else if (rule.project === 'any') requireSomewhere(access, actor, rule.permission);
}

function requireSomewhere(access: AccessControl, actor: FastifyRequest['actor'], permission: string): void {
  const projects = access.projectsWith(actor, permission);
  if (projects === 'all' || projects.length > 0) return;
  throw new BacklotError(kernelErrors.forbidden, { params: { permission } });
}

/**
 * Decides what needs the request's own words: the project that an id belongs to. Runs after validation, so that
 * finders get ids of the right form.
 *
 * Somebody with no role at all in that project is told that there is no such thing: that it exists is already
 * the project's business.
 */
export function guardLate({ access, kernel }: GuardOptions) {
  return async (request: FastifyRequest): Promise<void> => {
    const rule = request.routeOptions.config.access;
    if (rule?.kind !== 'permission' || typeof rule.project === 'string') return;
    const projectId = await rule.project(request, kernel());
    if (projectId !== null && access.may(request.actor, rule.permission, projectId)) return;
    const visible =
      projectId !== null &&
      request.actor.grants.some((grant) => grant.projectId === null || grant.projectId === projectId);
    if (visible) throw new BacklotError(kernelErrors.forbidden, { params: { permission: rule.permission } });
    throw new BacklotError(kernelErrors.not_found, {
      params: { what: subjectOfRoute(request.routeOptions.url ?? ''), id: idOf(request) },
    });
  };
}

function idOf(request: FastifyRequest): string {
  for (const part of [request.params, request.query, request.body]) {
    if (typeof part !== 'object' || part === null) continue;
    if ('id' in part && typeof part.id === 'string') return part.id;
    if ('projectId' in part && typeof part.projectId === 'string') return part.projectId;
  }
  return '';
}
