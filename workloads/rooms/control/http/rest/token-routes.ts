import type { App, Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import {
  DataAnswer,
  DataRequest,
  RevokeQuery,
  RoomParams,
  TokenAnswer,
  TokenRequest,
} from '../../../contract/api.ts';
import { tokenLifetime } from '../../../contract/grants.ts';
import type { Rooms } from '../../ports.ts';
import { audit, inProjectOfRoom } from '../access.ts';

/** Tokens by which people and programs enter a room, and messages to those who are in it. */
export function tokenRoutes(app: App, kernel: Kernel, rooms: Rooms): void {
  app.post(
    '/api/v1/rooms/:room/tokens',
    {
      config: {
        access: inProjectOfRoom(rooms, 'rooms.join'),
        audited: 'by-handler',
        secretAnswer: true,
      },
      schema: {
        summary: 'Issue a token for somebody.',
        description:
          'A JWT that is checked without asking anyone; it holds for this room, this identity and these rights until it expires or is revoked.',
        params: RoomParams,
        body: TokenRequest,
        response: { 201: TokenAnswer },
      },
    },
    async (request, reply) => {
      const room = await rooms.get(request.params.room);
      const { identity, ttlS, join, role, permissions, name, metadata } = request.body;
      const issued = await rooms.tokens.issue({
        identity,
        grants: {
          room: room.name,
          join,
          role,
          permissions,
          ...(name === undefined ? {} : { name }),
          ...(metadata === undefined ? {} : { metadata }),
        },
        ttlS,
        projectId: room.projectId,
      });
      const facts = { tokenId: issued.id, identity, role, permissions, expiresAt: issued.expiresAt };
      await audit(kernel, request.actor, 'room.token', room, facts);
      const joinUrl = `${kernel.publicUrl()}/r/${encodeURIComponent(room.name)}#token=${issued.token}`;
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...issued, joinUrl });
    },
  );
  app.delete(
    '/api/v1/rooms/:room/tokens',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'Revoke a token by its id, or every token that somebody has for this room.',
        params: RoomParams,
        querystring: RevokeQuery,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const room = await rooms.get(request.params.room);
      const { id, identity } = request.query;
      if (id !== undefined) {
        // When it would expire is in the token alone; the list keeps it as long as any token can live.
        const expiresAt = new Date(kernel.clock.now() + tokenLifetime.max * 1000).toISOString();
        await rooms.tokens.revoke({ id, expiresAt });
      } else if (identity !== undefined) {
        await rooms.tokens.revoke({ room: room.name, identity });
      }
      await audit(kernel, request.actor, 'room.revoke', room, request.query);
      return reply.code(204).send(undefined);
    },
  );
  app.post(
    '/api/v1/rooms/:room/data',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'Send a message to everybody who may have data, or to those named.',
        params: RoomParams,
        body: DataRequest,
        response: { 200: DataAnswer },
      },
    },
    async (request) => {
      const room = await rooms.get(request.params.room);
      const { topic, to, payload } = request.body;
      const message = { from: null, topic, payload, ...(to === undefined ? {} : { to }) };
      const sentTo = await rooms.sendData(room.id, message);
      await audit(kernel, request.actor, 'room.data', room, { topic, to, sentTo });
      return { sentTo };
    },
  );
}
