import type { RouteAccess } from '@backlot/control/workload';
import { z } from 'zod';
import { runtimeOf } from '../runtime.ts';
import { tables } from '../tables.ts';

const Named = z.object({ id: z.string().min(1).max(60) });

/** Permission in the project of the app that `:id` names, by id or slug. */
export function inProjectOfApp(permission: string): RouteAccess {
  return {
    kind: 'permission',
    permission,
    async project(request, kernel) {
      const { id } = Named.parse(request.params);
      return runtimeOf(kernel)
        .ground.apps.byIdOrSlug(id)
        .then(
          ({ project_id }) => project_id,
          () => null,
        );
    },
  };
}

/** Permission in the project of the instance or session that `:id` names. */
export function inProjectOf(table: 'streams_instance' | 'streams_session', permission: string): RouteAccess {
  return {
    kind: 'permission',
    permission,
    async project(request, kernel) {
      const id = z.uuid().safeParse((request.params as { id?: unknown }).id);
      if (!id.success) return null;
      const row = await tables(kernel.db)
        .selectFrom(table)
        .select('project_id')
        .where('id', '=', id.data)
        .executeTakeFirst();
      return row?.project_id ?? null;
    },
  };
}
