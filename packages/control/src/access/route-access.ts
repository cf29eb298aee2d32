import { IdParams } from '@backlot/contract/api/common';
import { z } from 'zod';
import type { RouteAccess } from '../workload.ts';

/** A permission in at least one project; the handler answers only what is in those. */
export function inAnyProject<Permission extends string>(permission: Permission): RouteAccess {
  return { kind: 'permission', permission, project: 'any' };
}

/** A permission in the project that the body names as `projectId`. */
export function inProjectOfBody<Permission extends string>(permission: Permission): RouteAccess {
  return {
    kind: 'permission',
    permission,
    project: (request) => z.looseObject({ projectId: z.string() }).parse(request.body).projectId,
  };
}

/** A permission in the project of the job that the path names; one of another kind counts as not there. */
export function inProjectOfJob(permission: string, kind: string): RouteAccess {
  return {
    kind: 'permission',
    permission,
    async project(request, kernel) {
      const { id } = IdParams.parse(request.params);
      const row = await kernel.db
        .selectFrom('job')
        .select('project_id')
        .where('id', '=', id)
        .where('kind', '=', kind)
        .executeTakeFirst();
      return row?.project_id ?? null;
    },
  };
}
