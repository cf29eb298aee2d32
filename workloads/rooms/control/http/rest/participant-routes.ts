import type { App, Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import {
  DenyRequest,
  KickQuery,
  LobbyList,
  MoveRequest,
  MuteAllRequest,
  MuteAnswer,
  MuteRequest,
  ParticipantList,
  ParticipantParams,
  ParticipantPatch,
  RoomParams,
  TrackList,
} from '../../../contract/api.ts';
import { Participant } from '../../../contract/room.ts';
import type { Rooms } from '../../ports.ts';
import { audit, inProjectOfRoom, moderator } from '../access.ts';

const done = z.undefined();

/** Who is in a room, what they publish, and what a moderator may do about it. */
export function participantRoutes(app: App, kernel: Kernel, rooms: Rooms): void {
  const read = { access: inProjectOfRoom(rooms, 'rooms.read') };
  const moderate = { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' } as const;

  app.get(
    '/api/v1/rooms/:room/participants',
    {
      config: read,
      schema: { summary: 'Who is there.', params: RoomParams, response: { 200: ParticipantList } },
    },
    async (request) => ({ items: await rooms.participants(request.params.room) }),
  );
  app.get(
    '/api/v1/rooms/:room/participants/:identity',
    {
      config: read,
      schema: { summary: 'One participant.', params: ParticipantParams, response: { 200: Participant } },
    },
    async (request) => rooms.participant(request.params.room, request.params.identity),
  );
  app.get(
    '/api/v1/rooms/:room/tracks',
    {
      config: read,
      schema: { summary: 'Everything that is published.', params: RoomParams, response: { 200: TrackList } },
    },
    async (request) => ({ items: await rooms.tracks(request.params.room) }),
  );
  app.patch(
    '/api/v1/rooms/:room/participants/:identity',
    {
      config: moderate,
      schema: {
        summary: 'Change somebody’s role or rights while they are connected.',
        description: 'Tracks that may not be published any more are closed.',
        params: ParticipantParams,
        body: ParticipantPatch,
        response: { 200: Participant },
      },
    },
    async (request) => {
      const { room: ref, identity } = request.params;
      const { role, permissions } = request.body;
      const by = moderator(request.actor);
      const room = await rooms.get(ref);
      if (role !== undefined) await rooms.setRole(room.id, identity, role, by);
      if (permissions !== undefined) await rooms.setPermissions(room.id, identity, permissions, by);
      await audit(kernel, request.actor, 'room.permissions', room, { identity, role, permissions });
      return rooms.participant(room.id, identity);
    },
  );
  app.delete(
    '/api/v1/rooms/:room/participants/:identity',
    {
      config: moderate,
      schema: {
        summary: 'Put somebody out, and refuse their tokens from now on.',
        params: ParticipantParams,
        querystring: KickQuery,
        response: { 204: done },
      },
    },
    async (request, reply) => {
      const { room: ref, identity } = request.params;
      const { revoke, reason } = request.query;
      const room = await rooms.get(ref);
      const options = { revoke, ...(reason === undefined ? {} : { reason }) };
      await rooms.kick(room.id, identity, moderator(request.actor), options);
      await audit(kernel, request.actor, 'room.kick', room, { identity, ...options });
      return reply.code(204).send(undefined);
    },
  );
  app.post(
    '/api/v1/rooms/:room/participants/:identity/mute',
    {
      config: moderate,
      schema: {
        summary: 'Mute somebody’s tracks, or let them go on.',
        description: 'A muted track can’t be resumed by its publisher until it is unmuted.',
        params: ParticipantParams,
        body: MuteRequest,
        response: { 200: MuteAnswer },
      },
    },
    async (request) => {
      const { room: ref, identity } = request.params;
      const { trackId, kind, muted } = request.body;
      const room = await rooms.get(ref);
      const trackIds = await rooms.mute(
        room.id,
        identity,
        {
          muted,
          ...(trackId === undefined ? {} : { producerId: trackId }),
          ...(kind === undefined ? {} : { kind }),
        },
        moderator(request.actor),
      );
      await audit(kernel, request.actor, muted ? 'room.mute' : 'room.unmute', room, { identity, trackIds });
      return { trackIds };
    },
  );
  app.post(
    '/api/v1/rooms/:room/mute',
    {
      config: moderate,
      schema: {
        summary: 'Mute everybody who is no moderator.',
        params: RoomParams,
        body: MuteAllRequest,
        response: { 200: MuteAnswer },
      },
    },
    async (request) => {
      const room = await rooms.get(request.params.room);
      const trackIds = await rooms.muteAll(room.id, request.body.kind, moderator(request.actor));
      await audit(kernel, request.actor, 'room.mute-all', room, { kind: request.body.kind, trackIds });
      return { trackIds };
    },
  );
  app.post(
    '/api/v1/rooms/:room/participants/:identity/move',
    {
      config: moderate,
      schema: {
        summary: 'Send somebody to another room of the same project; they keep their identity and rights.',
        params: ParticipantParams,
        body: MoveRequest,
        response: { 204: done },
      },
    },
    async (request, reply) => {
      const { room: ref, identity } = request.params;
      const [room, target] = await Promise.all([rooms.get(ref), rooms.get(request.body.to)]);
      // Whoever moderates one project must not be able to put people into another.
      kernel.access.require(request.actor, 'rooms.moderate', target.projectId);
      await rooms.move(room.id, identity, target.id, moderator(request.actor));
      await audit(kernel, request.actor, 'room.move', room, { identity, to: target.id });
      return reply.code(204).send(undefined);
    },
  );
  lobbyRoutes(app, kernel, rooms);
}

function lobbyRoutes(app: App, kernel: Kernel, rooms: Rooms): void {
  const moderate = { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' } as const;
  app.get(
    '/api/v1/rooms/:room/lobby',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.read') },
      schema: { summary: 'Who waits to be let in.', params: RoomParams, response: { 200: LobbyList } },
    },
    async (request) => ({ items: await rooms.waiting(request.params.room) }),
  );
  app.post(
    '/api/v1/rooms/:room/lobby/:identity/admit',
    {
      config: moderate,
      schema: { summary: 'Let somebody in.', params: ParticipantParams, response: { 204: done } },
    },
    async (request, reply) => {
      const { room: ref, identity } = request.params;
      const room = await rooms.get(ref);
      await rooms.admit(room.id, identity, moderator(request.actor));
      await audit(kernel, request.actor, 'room.admit', room, { identity });
      return reply.code(204).send(undefined);
    },
  );
  app.post(
    '/api/v1/rooms/:room/lobby/:identity/deny',
    {
      config: moderate,
      schema: {
        summary: 'Send somebody away who waits.',
        params: ParticipantParams,
        body: DenyRequest.nullish(),
        response: { 204: done },
      },
    },
    async (request, reply) => {
      const { room: ref, identity } = request.params;
      const room = await rooms.get(ref);
      await rooms.deny(room.id, identity, moderator(request.actor), request.body?.reason);
      await audit(kernel, request.actor, 'room.deny', room, { identity });
      return reply.code(204).send(undefined);
    },
  );
}
