import { IdParams } from '@backlot/contract';
import * as kernel from '@backlot/control/workload';
import type { recordingPermissions } from '../contract/permissions.ts';
import { tables } from './tables.ts';

export type RecordingPermission = keyof typeof recordingPermissions;

/** A permission in the project of the thing that the path names. */
export function inProjectOf(
  table: 'recordings_channel' | 'recordings_broadcast',
  permission: RecordingPermission,
): kernel.RouteAccess {
  return {
    kind: 'permission',
    permission,
    async project(request, kernel) {
      const { id } = IdParams.parse(request.params);
      const row = await tables(kernel.db)
        .selectFrom(table)
        .select('project_id')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.project_id ?? null;
    },
  };
}

/** Of the kernel, for permissions that recordings has. */
export const inProjectOfBody = kernel.inProjectOfBody<RecordingPermission>;
export const inAnyProject = kernel.inAnyProject<RecordingPermission>;
