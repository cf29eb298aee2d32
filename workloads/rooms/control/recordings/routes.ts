import { BacklotError } from '@backlot/contract';
import { type App, decodeCursor, type Kernel, page, type RouteAccess } from '@backlot/control/workload';
import { z } from 'zod';
import { RoomParams } from '../../contract/api.ts';
import { roomHttpErrors } from '../../contract/http-errors.ts';
import {
  Recording,
  RecordingPage,
  RecordingParams,
  RecordingQuery,
  RecordingRequest,
} from '../../contract/recording.ts';
import { inProjectOfRoom } from '../http/access.ts';
import type { Rooms } from '../ports.ts';
import type { RecordingRow } from './recording-store.ts';
import type { Recordings } from './recordings.ts';

/** Recordings of a room; their parts are artifacts, downloaded as all others. */
export function recordingRoutes(app: App, kernel: Kernel, rooms: Rooms, recordings: Recordings): void {
  const { store } = recordings;
  app.post(
    '/api/v1/rooms/:room/recordings',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'Record a room: each track into files of its own.',
        description:
          'Tracks that come later are recorded too. Parts become artifacts as they are finished; at the end a manifest says how they belong together.',
        params: RoomParams,
        body: RecordingRequest.nullish(),
        response: { 201: Recording },
      },
    },
    async (request, reply) => {
      const room = await rooms.get(request.params.room);
      const recording = await recordings.start(
        room,
        RecordingRequest.parse(request.body ?? {}),
        request.actor,
      );
      return reply
        .code(201)
        .header('location', `/api/v1/rooms/${room.id}/recordings/${recording.id}`)
        .send(recording);
    },
  );
  app.get(
    '/api/v1/rooms/:room/recordings',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.read') },
      schema: {
        summary: 'Recordings of a room, newest first.',
        params: RoomParams,
        querystring: RecordingQuery,
        response: { 200: RecordingPage },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const room = await rooms.get(request.params.room);
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const rows = await store.list(room.id, before, limit);
      const answer = page(
        rows,
        limit,
        ({ id }) => ({ id }),
        (row) => row,
      );
      return { ...answer, items: await Promise.all(answer.items.map((row) => store.view(row))) };
    },
  );
  app.get(
    '/api/v1/rooms/:room/recordings/:recording',
    {
      config: { access: inProjectOfRecording(recordings, 'rooms.read') },
      schema: {
        summary: 'One recording with its parts.',
        params: RecordingParams,
        response: { 200: Recording },
      },
    },
    async (request) => store.view(await rowOf(recordings, request.params.recording)),
  );
  app.post(
    '/api/v1/rooms/:room/recordings/:recording/stop',
    {
      config: { access: inProjectOfRecording(recordings, 'rooms.moderate'), audited: 'by-handler' },
      schema: {
        summary: 'End a recording. What is being written is finished first.',
        params: RecordingParams,
        response: { 200: Recording },
      },
    },
    async (request) => {
      const row = await rowOf(recordings, request.params.recording);
      await kernel.transaction((tx) =>
        kernel.audit.record(tx, {
          actor: request.actor,
          action: 'room.record.stop',
          subject: { kind: 'room', id: row.room_id },
          projectId: row.project_id,
          after: { recordingId: row.id },
        }),
      );
      return recordings.stop(row, request.actor);
    },
  );
}

/** By the recording itself: its room may be gone. */
function inProjectOfRecording(
  recordings: Recordings,
  permission: 'rooms.read' | 'rooms.moderate',
): RouteAccess {
  return {
    kind: 'permission',
    permission,
    async project(request) {
      const { room, recording } = RecordingParams.parse(request.params);
      const row = await recordings.store.get(recording);
      return row && (row.room_id === room || row.room_name === room) ? row.project_id : null;
    },
  };
}

async function rowOf(recordings: Recordings, id: string): Promise<RecordingRow> {
  const row = await recordings.store.get(id);
  if (!row) throw new BacklotError(roomHttpErrors.recording_not_found, { params: { id } });
  return row;
}
