import type { App } from '@backlot/control/workload';
import { RoomEventList, RoomEventQuery, RoomParams } from '../../../contract/api.ts';
import type { RoomLog } from '../../events/room-log.ts';
import type { Rooms } from '../../ports.ts';
import { inProjectOfRoom } from '../access.ts';

/** The log of a room, for receivers of webhooks that have missed something. */
export function eventRoutes(app: App, rooms: Rooms, log: RoomLog): void {
  app.get(
    '/api/v1/rooms/:room/events',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.read') },
      schema: {
        summary: 'What has happened in a room, in order, after a number.',
        description:
          'The same numbers are in `seq` of webhook deliveries. They have no gaps, so a receiver sees what it has missed and asks for it here. Kept for 30 days.',
        params: RoomParams,
        querystring: RoomEventQuery,
        response: { 200: RoomEventList },
      },
    },
    async (request) => {
      const room = await rooms.get(request.params.room);
      return log.read(room.id, request.query.after, request.query.limit);
    },
  );
}
