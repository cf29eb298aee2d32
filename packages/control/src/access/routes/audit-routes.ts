import { AuditEntry, AuditQuery, Page } from '@backlot/contract';
import { z } from 'zod';
import { decodeCursor, page } from '../../http/paging.ts';
import type { App } from '../../workload.ts';
import { readAudit } from '../audit-query.ts';
import type { AccessRoutesDeps } from './dependencies.ts';

/** The record of all changes. */
export function auditRoutes(app: App, { store, access }: AccessRoutesDeps): void {
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
