import { Id } from '@backlot/contract';
import type { App, RouteAccess } from '@backlot/control/workload';
import { z } from 'zod';
import {
  BlockedRooms,
  BlockRoom,
  NgliveImport,
  NgliveImported,
  NgliveRoom,
  NgliveSettings,
  NgliveToken,
  NgliveView,
  RoomId,
} from '../../../contract/compat/nglive.ts';
import { inProjectOfBody, type RecordingPermission } from '../../access.ts';
import { importConfig } from '../config/import-config.ts';
import type { Gateways } from '../gateways.ts';
import type { NgliveRooms } from '../rooms/nglive-rooms.ts';

const OfProject = z.object({ projectId: Id });
const OneRoom = z.object({ roomId: RoomId });
const done = z.undefined();
const base = '/api/v1/compat/nglive';

const inProjectOfQuery = (permission: RecordingPermission): RouteAccess => ({
  kind: 'permission',
  permission,
  project: (request) => z.looseObject({ projectId: z.string() }).parse(request.query).projectId,
});

/** What NGlive's routes do, as it should be done: real methods, real statuses, accounts and their rights. */
export function compatApiRoutes(app: App, gateways: Gateways, rooms: NgliveRooms): void {
  settingsRoutes(app, gateways);
  roomRoutes(app, rooms);
  blockRoutes(app, rooms);
}

function settingsRoutes(app: App, gateways: Gateways): void {
  const manage = { access: inProjectOfBody('recordings.compat'), audited: 'by-handler' } as const;
  app.get(
    base,
    {
      config: { access: inProjectOfQuery('recordings.compat') },
      schema: {
        summary: 'How programs that speak NGlive reach a project.',
        querystring: OfProject,
        response: { 200: NgliveView },
      },
    },
    async (request) => gateways.view(request.query.projectId),
  );
  app.put(
    base,
    {
      config: manage,
      schema: {
        summary: 'Switch NGlive’s doors on or off, and say where to dial to.',
        body: NgliveSettings,
        response: { 200: NgliveView },
      },
    },
    async (request) => gateways.put(request.body, request.actor),
  );
  app.post(
    `${base}/token`,
    {
      config: { ...manage, secretAnswer: true },
      schema: {
        summary: 'A new token; the one before opens nothing any more.',
        body: OfProject,
        response: { 201: NgliveToken },
      },
    },
    async (request, reply) =>
      reply.code(201).send({ token: await gateways.rotateToken(request.body.projectId, request.actor) }),
  );
  app.post(
    `${base}/import`,
    {
      config: manage,
      schema: {
        summary: 'Take over NGlive’s config.ini.',
        description:
          'Settings are taken over and left switched off; the transcode mode is answered as a flow file to be stored.',
        body: NgliveImport,
        response: { 200: NgliveImported },
      },
    },
    async (request) => importConfig(gateways, request.body, request.actor),
  );
}

function roomRoutes(app: App, rooms: NgliveRooms): void {
  app.get(
    `${base}/rooms`,
    {
      config: { access: inProjectOfQuery('recordings.read') },
      schema: {
        summary: 'Rooms of Bilibili in a project.',
        querystring: OfProject,
        response: { 200: z.object({ items: z.array(NgliveRoom) }) },
      },
    },
    async (request) => ({ items: await rooms.all(request.query.projectId) }),
  );
  app.get(
    `${base}/rooms/:roomId`,
    {
      config: { access: inProjectOfQuery('recordings.read') },
      schema: {
        summary: 'One room, by its number or its short one.',
        params: OneRoom,
        querystring: OfProject,
        response: { 200: NgliveRoom },
      },
    },
    async (request) => rooms.get(request.query.projectId, request.params.roomId),
  );
  app.post(
    `${base}/rooms`,
    {
      config: { access: inProjectOfBody('recordings.write'), audited: 'by-handler' },
      schema: {
        summary: 'Add a room and record it.',
        body: OfProject.extend({ roomId: RoomId }),
        response: { 201: NgliveRoom },
      },
    },
    async (request, reply) => {
      const { projectId, roomId } = request.body;
      return reply.code(201).send(await rooms.add(projectId, roomId, request.actor));
    },
  );
  app.delete(
    `${base}/rooms/:roomId`,
    {
      config: { access: inProjectOfQuery('recordings.write'), audited: 'by-handler' },
      schema: {
        summary: 'End a room’s recording and take it out; what was recorded stays.',
        params: OneRoom,
        querystring: OfProject,
        response: { 204: done },
      },
    },
    async (request, reply) => {
      await rooms.remove(request.query.projectId, request.params.roomId, request.actor);
      return reply.code(204).send();
    },
  );
}

function blockRoutes(app: App, rooms: NgliveRooms): void {
  app.get(
    `${base}/blocked`,
    {
      config: { access: inProjectOfQuery('recordings.compat') },
      schema: {
        summary: 'Rooms that nobody may add.',
        querystring: OfProject,
        response: { 200: BlockedRooms },
      },
    },
    async (request) => ({ items: await rooms.blocked(request.query.projectId) }),
  );
  app.post(
    `${base}/blocked`,
    {
      config: { access: inProjectOfBody('recordings.compat'), audited: 'by-handler' },
      schema: { summary: 'Put a room on the list.', body: BlockRoom, response: { 204: done } },
    },
    async (request, reply) => {
      const { projectId, roomId, reason } = request.body;
      await rooms.block(projectId, roomId, reason, request.actor);
      return reply.code(204).send();
    },
  );
  app.delete(
    `${base}/blocked/:roomId`,
    {
      config: { access: inProjectOfQuery('recordings.compat'), audited: 'by-handler' },
      schema: {
        summary: 'Take a room off the list.',
        params: OneRoom,
        querystring: OfProject,
        response: { 204: done },
      },
    },
    async (request, reply) => {
      await rooms.unblock(request.query.projectId, request.params.roomId, request.actor);
      return reply.code(204).send();
    },
  );
}
