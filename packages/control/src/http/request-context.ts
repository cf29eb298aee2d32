import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * What the log of changes needs to know about the request behind it, without every function between the route and
 * the audit carrying it along.
 */
export interface RequestContext {
  readonly requestId: string;
  readonly address: string;
  /** Audit rows written on behalf of this request, by transactions that may yet roll back. */
  audited: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request that the present call serves; undefined in timers, sweeps and links of nodes. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs something as part of a request. */
export function runInRequest<T>(context: RequestContext, run: () => T): T {
  return storage.run(context, run);
}

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
  }
}

type Next = () => void;

/** First hook of every request. */
export function beginContext(request: FastifyRequest, _reply: FastifyReply, next: Next): void {
  request.context = { requestId: request.id, address: request.ip, audited: 0 };
  storage.run(request.context, next);
}

/**
 * The context again, after the body has been read: that happens in callbacks of the socket, which belong to the
 * connection and therefore to whichever request opened it.
 */
export function resumeContext(request: FastifyRequest, _reply: FastifyReply, next: Next): void {
  storage.run(request.context, next);
}
