import { IdParams } from '@backlot/contract';
import type { App, Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import {
  Broadcast,
  BroadcastPage,
  BroadcastQuery,
  Calendar,
  CalendarQuery,
  Timeline,
} from '../../contract/broadcast.ts';
import { inAnyProject, inProjectOf } from '../access.ts';
import type { Broadcasts } from './broadcasts.ts';
import { restoreBroadcast, trashBroadcast } from './trash-broadcast.ts';

const done = z.undefined();

/** What was recorded: `/api/v1/broadcasts`. */
export function broadcastRoutes(app: App, kernel: Kernel, broadcasts: Broadcasts): void {
  const read = { access: inProjectOf('recordings_broadcast', 'recordings.read') };
  const remove = {
    access: inProjectOf('recordings_broadcast', 'recordings.delete'),
    audited: 'by-handler',
  } as const;

  app.get(
    '/api/v1/broadcasts',
    {
      config: { access: inAnyProject('recordings.read') },
      schema: {
        summary: 'Broadcasts, newest first.',
        querystring: BroadcastQuery,
        response: { 200: BroadcastPage },
      },
    },
    async (request) =>
      broadcasts.list(request.query, kernel.access.projectsWith(request.actor, 'recordings.read')),
  );
  app.get(
    '/api/v1/broadcasts/calendar',
    {
      config: { access: inAnyProject('recordings.read') },
      schema: {
        summary: 'What was recorded on each day.',
        querystring: CalendarQuery,
        response: { 200: Calendar },
      },
    },
    async (request) =>
      broadcasts.calendar(request.query, kernel.access.projectsWith(request.actor, 'recordings.read')),
  );
  app.get(
    '/api/v1/broadcasts/:id',
    {
      config: read,
      schema: { summary: 'One broadcast.', params: IdParams, response: { 200: Broadcast } },
    },
    async (request) => broadcasts.get(request.params.id),
  );
  app.get(
    '/api/v1/broadcasts/:id/timeline',
    {
      config: read,
      schema: {
        summary: 'Takes, holes to the millisecond, segments and files of one broadcast.',
        params: IdParams,
        response: { 200: Timeline },
      },
    },
    async (request) => broadcasts.timeline(request.params.id, request.actor),
  );
  app.delete(
    '/api/v1/broadcasts/:id',
    {
      config: remove,
      schema: {
        summary: 'Put the files of a broadcast into the trash, where they stay for a day.',
        params: IdParams,
        response: { 204: done },
      },
    },
    async (request, reply) => {
      await trashBroadcast(kernel, request.params.id, request.actor);
      return reply.code(204).send(undefined);
    },
  );
  app.post(
    '/api/v1/broadcasts/:id/restore',
    {
      config: remove,
      schema: {
        summary: 'Take a broadcast out of the trash.',
        params: IdParams,
        response: { 200: Broadcast },
      },
    },
    async (request) => {
      await restoreBroadcast(kernel, request.params.id, request.actor);
      return broadcasts.get(request.params.id);
    },
  );
}
