import { BacklotError } from '@backlot/contract';
import type { Actor, Kernel, RouteAccess } from '@backlot/control/workload';
import * as kernel from '@backlot/control/workload';
import { RoomParams, type roomPermissions } from '../../contract/api.ts';
import type { Moderator, Rooms } from '../ports.ts';

export type RoomPermission = keyof typeof roomPermissions;

/** A permission in the project of the room that the path names. */
export function inProjectOfRoom(rooms: Rooms, permission: RoomPermission): RouteAccess {
  return {
    kind: 'permission',
    permission,
    async project(request) {
      const { room } = RoomParams.parse(request.params);
      try {
        return (await rooms.get(room)).projectId;
      } catch (error) {
        if (error instanceof BacklotError && error.code === 'room_not_found') return null;
        throw error;
      }
    },
  };
}

/** Of the kernel, for permissions that rooms has. */
export const inProjectOfBody = kernel.inProjectOfBody<RoomPermission>;
export const inAnyProject = kernel.inAnyProject<RoomPermission>;

/** Rooms as their moderator: whoever asks through the API. */
export function moderator(actor: Actor): Moderator {
  return { name: actor.name, identity: null, actor };
}

/** Writes what was done to a room into the audit, for changes whose own transaction is elsewhere. */
export async function audit(
  kernel: Kernel,
  actor: Actor,
  action: string,
  room: { readonly id: string; readonly projectId: string },
  after?: unknown,
): Promise<void> {
  await kernel.transaction((tx) =>
    kernel.audit.record(tx, {
      actor,
      action,
      subject: { kind: 'room', id: room.id },
      projectId: room.projectId,
      ...(after === undefined ? {} : { after }),
    }),
  );
}
