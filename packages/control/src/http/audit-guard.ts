import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Store } from '../db/database.ts';
import type { AuditLog } from '../kernel.ts';
import { subjectOfRoute } from './subject.ts';

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** The action of a route that wrote no better row: `DELETE /api/v1/jobs/:id` is `job.delete`. */
export function genericAction(method: string, template: string): string {
  const verbs: Readonly<Record<string, string>> = {
    POST: 'create',
    PUT: 'put',
    PATCH: 'change',
    DELETE: 'delete',
  };
  const last = template.split('/').at(-1) ?? '';
  const named = method === 'POST' && template.includes('/:') && last !== '' && !last.startsWith(':');
  return `${subjectOfRoute(template)}.${named ? last : (verbs[method] ?? method.toLowerCase())}`;
}

/**
 * Sees to it that no change goes without an audit row: when a mutating request has succeeded and its handler wrote
 * none, a general one is written before the answer goes out. If that fails, so does the request – whoever sees a
 * success can rely on finding it in the audit.
 */
export function auditChanges(store: Store, audit: AuditLog) {
  return async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const { config, url } = request.routeOptions;
    if (!changing.has(request.method) || reply.statusCode >= 400 || url === undefined) return payload;
    if (config.audited === 'by-handler' || request.context.audited > 0) return payload;
    if (reply.getHeader('idempotency-replayed') !== undefined) return payload;
    const params = request.params as Record<string, string> | undefined;
    const id = params?.id ?? Object.values(params ?? {})[0] ?? null;
    await store.transaction((tx) =>
      audit.record(tx, {
        actor: request.actor,
        action: genericAction(request.method, url),
        subject: { kind: subjectOfRoute(url), id },
        projectId: request.allocation?.projectId ?? null,
        after: request.body,
      }),
    );
    return payload;
  };
}
