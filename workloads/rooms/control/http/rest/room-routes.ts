import { type App, decodeCursor, type Kernel, page } from '@backlot/control/workload';
import { z } from 'zod';
import { RoomCreate, RoomLock, RoomPage, RoomParams, RoomQuery } from '../../../contract/api.ts';
import { Room, RoomChanges, roomStates } from '../../../contract/room.ts';
import type { Rooms } from '../../ports.ts';
import { audit, inAnyProject, inProjectOfBody, inProjectOfRoom, moderator } from '../access.ts';

/** Rooms themselves: `/api/v1/rooms`. A room is named by its id, or by its name while it is open. */
export function roomRoutes(app: App, kernel: Kernel, rooms: Rooms): void {
  app.post(
    '/api/v1/rooms',
    {
      config: { access: inProjectOfBody('rooms.write'), audited: 'by-handler' },
      schema: { summary: 'Open a room.', body: RoomCreate, response: { 201: Room } },
    },
    async (request, reply) => {
      const room = await rooms.create(request.body, request.actor);
      await audit(kernel, request.actor, 'room.create', room, { name: room.name, settings: room.settings });
      return reply.code(201).header('location', `/api/v1/rooms/${room.id}`).send(room);
    },
  );
  app.get(
    '/api/v1/rooms',
    {
      config: { access: inAnyProject('rooms.read') },
      schema: { summary: 'Rooms, newest first.', querystring: RoomQuery, response: { 200: RoomPage } },
    },
    async (request) => {
      const { cursor, limit, projectId, state } = request.query;
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const rows = await rooms.list({
        projects: projectsToList(kernel.access.projectsWith(request.actor, 'rooms.read'), projectId),
        ...(state === 'any' ? {} : { states: state === 'open' ? openStates : [state] }),
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      return page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (room) => room,
      );
    },
  );
  app.get(
    '/api/v1/rooms/:room',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.read') },
      schema: { summary: 'One room.', params: RoomParams, response: { 200: Room } },
    },
    async (request) => rooms.get(request.params.room),
  );
  app.patch(
    '/api/v1/rooms/:room',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'Change how a room behaves. Everybody in it is told.',
        params: RoomParams,
        body: RoomChanges,
        response: { 200: Room },
      },
    },
    async (request) => {
      const room = await rooms.change(request.params.room, request.body, moderator(request.actor));
      await audit(kernel, request.actor, 'room.change', room, request.body);
      return room;
    },
  );
  app.put(
    '/api/v1/rooms/:room/lock',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'Lock or unlock: nobody new gets into a locked room, except moderators.',
        params: RoomParams,
        body: RoomLock,
        response: { 200: Room },
      },
    },
    async (request) => {
      const { locked } = request.body;
      const room = await rooms.change(request.params.room, { locked }, moderator(request.actor));
      await audit(kernel, request.actor, locked ? 'room.lock' : 'room.unlock', room);
      return room;
    },
  );
  app.delete(
    '/api/v1/rooms/:room',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'Close a room: everybody in it is put out, its recordings are finished.',
        params: RoomParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const room = await rooms.get(request.params.room);
      await rooms.close(room.id, moderator(request.actor));
      await audit(kernel, request.actor, 'room.close', room);
      return reply.code(204).send(undefined);
    },
  );
}

const openStates = roomStates.filter((state) => state !== 'closed');

/** The projects of a list: those that may be read, or the one that is asked for among them. */
export function projectsToList(
  readable: 'all' | readonly string[],
  wanted: string | undefined,
): 'all' | readonly string[] {
  if (wanted === undefined) return readable;
  return readable === 'all' || readable.includes(wanted) ? [wanted] : [];
}
