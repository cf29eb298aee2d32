import {
  BacklotError,
  type Clock,
  Event,
  EventQuery,
  EventStreamQuery,
  httpErrors,
  Page,
} from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Authenticator, anonymous } from '../access/authentication.ts';
import { sessionCookieName } from '../access/sessions.ts';
import type { Db } from '../db/schema.ts';
import { tooMany } from '../http/authenticate.ts';
import { decodeCursor, page } from '../http/paging.ts';
import type { LongAnswers } from '../http/shutdown.ts';
import type { AccessControl } from '../kernel.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { App, RouteAccess } from '../workload.ts';
import type { EventHub } from './event-hub.ts';
import { listEvents } from './event-query.ts';
import { EventStream } from './stream.ts';
import { eventVisibility } from './visibility.ts';

export interface EventRoutesDeps {
  readonly db: Db;
  readonly hub: EventHub;
  readonly access: AccessControl;
  readonly authenticator: Authenticator;
  readonly longAnswers: LongAnswers;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly secure: () => boolean;
}

/** Streams that one account or token may have open: some pages in some browsers, and no leak of a script. */
const mostStreamsEach = 64;

const readEvents: RouteAccess = { kind: 'permission', permission: 'events.read', project: 'any' };

export function eventRoutes(app: App, deps: EventRoutesDeps): void {
  const { db, hub, access } = deps;
  const open = new Map<string, number>();

  app.get(
    '/api/v1/events',
    {
      config: { access: readEvents },
      schema: {
        summary: 'What happened: newest first, or with `after` oldest first from there.',
        description: 'With `Accept: text/event-stream` it answers as `/api/v1/events/stream` does.',
        querystring: EventQuery,
        response: { 200: Page(Event) },
      },
    },
    async (request, reply) => {
      const { query } = request;
      if (request.method === 'GET' && wantsStream(request)) {
        return startStream(deps, open, request, reply, { ...query, live: true });
      }
      const seq = decodeCursor(query.cursor, z.object({ seq: z.number().int() }))?.seq;
      const rows = await listEvents(db, query, seq, hub.position, eventVisibility(access, request.actor));
      return page(
        rows,
        query.limit,
        (event) => ({ seq: event.seq }),
        (event) => event,
      );
    },
  );
  app.get(
    '/api/v1/events/stream',
    {
      // A HEAD of it would be a stream that never ends and shows nothing.
      exposeHeadRoute: false,
      config: { access: readEvents, stream: true },
      schema: {
        summary: 'Events and live updates as they come (server-sent events), resumed by Last-Event-ID.',
        description:
          'Messages: `event` (an Event, with its seq as id), `live` (a LiveUpdate, no id), `ready` (caught up from here), `end` (why we end it: slow, revoked, closing). A comment every 15 s.',
        querystring: EventStreamQuery,
        response: {
          200: { description: 'The stream.', content: { 'text/event-stream': { schema: z.string() } } },
        },
      },
    },
    async (request, reply) => startStream(deps, open, request, reply, request.query),
  );
}

function wantsStream(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/event-stream');
}

/** The number that a reader saw last. @throws invalid_cursor when the header holds something else */
function lastEventId(request: FastifyRequest, after: number | undefined): number | undefined {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return after;
  if (typeof header !== 'string' || !/^\d{1,15}$/.test(header)) {
    throw new BacklotError(httpErrors.invalid_cursor, { pointer: 'headers.last-event-id' });
  }
  return Number(header);
}

function startStream(
  deps: EventRoutesDeps,
  open: Map<string, number>,
  request: FastifyRequest,
  reply: FastifyReply,
  query: Omit<EventStreamQuery, 'after'> & { after?: number | undefined },
): FastifyReply {
  const { hub, db, clock, metrics, longAnswers, authenticator, access } = deps;
  const after = lastEventId(request, query.after);
  const key = `${request.actor.kind}:${request.actor.id ?? request.actor.name}`;
  const count = (open.get(key) ?? 0) + 1;
  if (count > mostStreamsEach) throw tooMany(10);
  open.set(key, count);
  metrics.streams.inc();

  const { authorization } = request.headers;
  const credentials = { authorization, cookie: request.cookies[sessionCookieName(deps.secure())] };
  let forget = () => {};
  reply.hijack();
  reply.raw.writeHead(200, {
    ...definedHeaders(reply),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no', // nginx would hold the stream back to fill its buffers.
  });
  const stream = new EventStream(reply.raw, {
    hub,
    db,
    clock,
    filter: query,
    live: query.live,
    after,
    visibility: async () => {
      const identity = await authenticator.identify(credentials, request.actor.language);
      const { actor } = identity ?? anonymous(request.actor.language);
      return actor.kind === 'anonymous' ? undefined : eventVisibility(access, actor);
    },
    onEnd: (why) => {
      forget();
      metrics.streams.dec();
      if (why !== 'left') metrics.streamsDropped.inc({ reason: why });
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    },
  });
  forget = longAnswers.add(stream);
  void stream.start();
  return reply;
}

/** Headers that hooks have set; a hijacked answer must carry them by itself. */
function definedHeaders(reply: FastifyReply): Record<string, string | number | string[]> {
  const headers: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
