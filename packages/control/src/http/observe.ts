import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import { pathOf } from './problems.ts';

/**
 * Measures and logs every request once, when its answer is through or its client has gone. Routes are named by
 * their template, so that ids don't make a time series each.
 */
export function observeRequest(metrics: Metrics, log: Logger) {
  return (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    metrics.httpInFlight.inc();
    reply.raw.once('close', () => {
      metrics.httpInFlight.dec();
      const route = request.routeOptions.url ?? 'unknown';
      const status = reply.raw.headersSent ? reply.raw.statusCode : 499; // 499: gone before an answer (nginx).
      // How long a stream was open says nothing about how quick we are.
      const streamed = String(reply.raw.getHeader('content-type') ?? '').startsWith('text/event-stream');
      if (request.routeOptions.config?.stream !== true && !streamed) {
        metrics.httpDuration.observe({ method: request.method, route, status }, reply.elapsedTime / 1000);
      }
      const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method);
      const level = status >= 500 ? 'warn' : status >= 400 || changes ? 'info' : 'debug';
      log[level](
        {
          requestId: request.id,
          method: request.method,
          path: pathOf(request),
          status,
          ms: Math.round(reply.elapsedTime),
          address: request.ip,
          actor: request.actor
            ? `${request.actor.kind}:${request.actor.id ?? request.actor.name}`
            : undefined,
        },
        'request',
      );
    });
    next();
  };
}
