import { type OpenSpan, type Tracer, traceparentHeader } from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of this request; there only while traces are recorded. */
    span?: OpenSpan;
  }
}

type Next = () => void;

/** Asked every few seconds by machines about us; no part of anything that somebody wants to follow. */
const untraced = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * Makes a span of every request, from its first byte to the last of its answer, as a part of the trace that the client
 * has begun (`traceparent`, W3C Trace Context). Streams that stay open are left out: their length says nothing.
 */
export function traceRequest(tracer: Tracer) {
  return (request: FastifyRequest, reply: FastifyReply, next: Next): void => {
    const { url: route, config } = request.routeOptions;
    if (!tracer.enabled || route === undefined || untraced.has(route) || config?.stream === true) {
      next();
      return;
    }
    const header = request.headers[traceparentHeader];
    const span = tracer.open(`${request.method} ${route}`, {
      kind: 'server',
      parent: typeof header === 'string' ? header : undefined,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'backlot.request': request.id,
      },
    });
    request.span = span;
    reply.raw.once('close', () => {
      const status = reply.raw.headersSent ? reply.raw.statusCode : 499; // 499: gone before an answer (nginx).
      span.set({ 'http.response.status_code': status });
      span.end(status >= 500 ? new Error(`answered ${status}`) : undefined);
    });
    span.run(next);
  };
}

/** The span again, after the body has been read: that happens in callbacks which belong to the connection. */
export function resumeTrace(request: FastifyRequest, _reply: FastifyReply, next: Next): void {
  if (request.span) request.span.run(next);
  else next();
}
