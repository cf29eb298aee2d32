import { BacklotError } from '@backlot/contract';
import type { App, Kernel } from '@backlot/control/workload';
import {
  ConsoleAnswer,
  ConsoleRequest,
  HostList,
  MediaFacts,
  ParticipantParams,
  RoomParams,
} from '../../contract/api.ts';
import { roomHttpErrors } from '../../contract/http-errors.ts';
import { inProjectOfRoom } from '../http/access.ts';
import type { Rooms } from '../ports.ts';
import type { ConsoleService } from './console-service.ts';
import type { MediaHosts, Shard } from './media-hosts.ts';

/** What stands behind `backlot console` and behind the pages about workers and live rooms. */
export function consoleRoutes(
  app: App,
  kernel: Kernel,
  rooms: Rooms,
  parts: { readonly hosts: MediaHosts; readonly service: ConsoleService },
): void {
  const { hosts, service } = parts;
  app.post(
    '/api/v1/rooms/console',
    {
      // Dumps show addresses and ids of everybody's media.
      config: { access: { kind: 'permission', permission: 'rooms.console', project: 'everywhere' } },
      schema: {
        summary: 'A command to the media hosts of all nodes: usage, dumps, statistics, log level and tags.',
        body: ConsoleRequest,
        response: { 200: ConsoleAnswer },
      },
    },
    async (request) => service.run(request.body),
  );
  app.get(
    '/api/v1/rooms/hosts',
    {
      config: { access: { kind: 'permission', permission: 'nodes.read', project: 'any' } },
      schema: { summary: 'Media hosts and their workers, with their load.', response: { 200: HostList } },
    },
    async (request) => {
      const all = await hosts.usage();
      const readable = kernel.access.projectsWith(request.actor, 'rooms.read');
      const mine = readable === 'all' ? null : await roomIdsIn(rooms, readable);
      return {
        items: all.map(({ shard: { nodeId, nodeName }, usage }) => ({
          nodeId,
          nodeName,
          // Names of other projects' rooms are those projects' business; how busy the workers are is everybody's.
          usage:
            usage === null || mine === null
              ? usage
              : { ...usage, rooms: usage.rooms.filter(({ roomId }) => mine.has(roomId)) },
        })),
      };
    },
  );
  app.get(
    '/api/v1/rooms/:room/media',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.read') },
      schema: {
        summary:
          'Everything that a room has in its media host: transports, producers, consumers, scores, layers, workers.',
        params: RoomParams,
        response: { 200: MediaFacts },
      },
    },
    async (request) => hosts.call(await shardOf(rooms, request.params.room), 'describe', {}),
  );
  app.get(
    '/api/v1/rooms/:room/participants/:identity/stats',
    {
      config: { access: inProjectOfRoom(rooms, 'rooms.read') },
      schema: {
        summary: 'mediasoup’s statistics of everything that one participant has.',
        params: ParticipantParams,
        response: { 200: MediaFacts },
      },
    },
    async (request) => {
      const { room, identity } = request.params;
      await rooms.participant(room, identity);
      return hosts.call(await shardOf(rooms, room), 'participantStats', { owner: identity });
    },
  );
}

/** The place of a room, if it has one; nobody waits here for a room to get it. @throws room_not_active */
async function shardOf(rooms: Rooms, ref: string): Promise<Shard> {
  const room = await rooms.get(ref);
  if (room.nodeId === null) {
    throw new BacklotError(roomHttpErrors.room_not_active, { params: { room: room.name }, retryAfterS: 2 });
  }
  const { nodeId, allocation } = await rooms.media(room.id);
  return { nodeId, allocation, nodeName: '' };
}

async function roomIdsIn(rooms: Rooms, projects: readonly string[]): Promise<Set<string>> {
  const list = await rooms.list({ projects, states: ['active', 'moving', 'draining'], limit: 1_000 });
  return new Set(list.map(({ id }) => id));
}
