import { randomBytes } from 'node:crypto';
import { BacklotError, kernelErrors } from '@backlot/contract';
import type { App, RouteAccess } from '@backlot/control/workload';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomParams } from '../../../contract/api.ts';
import { roomErrors } from '../../../contract/errors.ts';
import { Identity } from '../../../contract/grants.ts';
import { roomHttpErrors } from '../../../contract/http-errors.ts';
import type { Seat } from '../../ports.ts';
import { type Guest, type GuestDeps, guestOf } from '../guest.ts';
import { openingProject } from '../opening-project.ts';
import { maxSdpLength, type Offer, readOffer } from '../sdp/read-offer.ts';
import { allowOtherOrigins, answerOptions } from './cors.ts';
import type { HttpSessionKind, HttpSessions } from './http-sessions.ts';
import { type IceServers, iceServerLinks } from './ice-servers.ts';
import { checkPlayer, play, type Wish } from './play.ts';
import { checkPublisher, type Opened, publish } from './publish.ts';

export interface WhipDeps extends GuestDeps {
  readonly sessions: HttpSessions;
  readonly iceServers: IceServers;
  /**
   * The address of the control process that should take this client (RFC 9725, 4.6: load balancing by 307); null: this
   * one. Rooms of one installation are all reached through each of its control processes, so by itself it is never used.
   */
  readonly elsewhere?: (room: string, kind: HttpSessionKind) => Promise<string | null>;
}

const SessionParams = RoomParams.extend({ session: z.string().regex(/^[\w-]{32}$/) });
const PlayQuery = z.object({
  /** Whose tracks. */
  from: Identity.optional(),
  /** Which tracks, comma between. */
  tracks: z
    .string()
    .max(1_000)
    .transform((text) => text.split(','))
    .optional(),
});

const open: RouteAccess = { kind: 'public' };
/** Beginning costs transports; an address that begins again and again is slowed down. */
const beginLimit = { name: 'rooms-whip', burst: 60, perMinute: 60 };
const acceptPost = { 'accept-post': 'application/sdp' };
const acceptPatch = { 'accept-patch': 'application/trickle-ice-sdpfrag' };
const sdp = z.string().min(1).max(maxSdpLength);

/**
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03): one POST with an offer is answered with an answer, and whoever
 * publishes or plays needs no SDK. Everything else is done to the address that the answer names.
 */
export function whipRoutes(app: App, deps: WhipDeps): void {
  for (const type of ['application/sdp', 'application/trickle-ice-sdpfrag']) {
    app.addContentTypeParser(type, { parseAs: 'string', bodyLimit: maxSdpLength }, (_request, body, done) => {
      done(null, body);
    });
  }
  for (const kind of ['whip', 'whep'] as const) {
    const words = kind === 'whip' ? 'Publish' : 'Play';
    app.post(
      `/${kind}/:room`,
      {
        preValidation: ofType('application/sdp'),
        config: { access: open, audited: 'by-handler', limit: beginLimit },
        schema: {
          summary: `${words} with any ${kind.toUpperCase()} client.`,
          description:
            'Send an SDP offer as application/sdp and a room token as bearer. The answer is 201 with the SDP answer; Location is the session, for PATCH (candidates, ICE restart) and DELETE.',
          consumes: ['application/sdp'],
          params: RoomParams,
          querystring: PlayQuery,
          body: sdp,
          response: { 201: z.string() },
        },
      },
      async (request, reply) => {
        await begin(deps, kind, request, reply);
        return reply;
      },
    );
    sessionRoutes(app, deps, kind);
    preflightRoutes(app, kind);
  }
}

async function begin(
  deps: WhipDeps,
  kind: HttpSessionKind,
  request: FastifyRequest<{
    Params: z.infer<typeof RoomParams>;
    Querystring: z.infer<typeof PlayQuery>;
    Body: string;
  }>,
  reply: FastifyReply,
): Promise<void> {
  allowOtherOrigins(request, reply);
  const { room } = request.params;
  const other = await deps.elsewhere?.(room, kind);
  if (other) {
    await reply.code(307).header('location', new URL(request.url, other).href).send('');
    return;
  }
  const offer = readOffer(request.body);
  if (kind === 'whip') checkPublisher(offer);
  else checkPlayer(offer);
  const guest = await guestOf(deps, request, room, kind === 'whip' ? undefined : viewerName());
  const device = String(request.headers['user-agent'] ?? kind.toUpperCase()).slice(0, 120);
  const seat = await enter(deps, room, kind, guest);
  try {
    const opened = await openMedia(deps, kind, seat, offer, request.query, device);
    const { id, etag } = await deps.sessions.add({
      seat,
      kind,
      transportId: opened.transportId,
      mids: offer.media.map(({ mid }) => mid),
      iceUsername: offer.ice.usernameFragment,
    });
    const links = iceServerLinks(deps.iceServers, seat.identity, deps.kernel.clock.now());
    if (links.length > 0) reply.header('link', links);
    await reply
      .code(201)
      .type('application/sdp')
      .headers({
        location: `/${kind}/${encodeURIComponent(seat.roomName)}/${id}`,
        etag,
        'cache-control': 'no-store',
        ...acceptPatch,
      })
      .serializer((body: unknown) => String(body))
      .send(opened.answer);
  } catch (error) {
    await seat.leave('left');
    throw error;
  }
}

async function openMedia(
  { rooms }: WhipDeps,
  kind: HttpSessionKind,
  seat: Seat,
  offer: Offer,
  query: z.infer<typeof PlayQuery>,
  device: string,
): Promise<Opened> {
  if (kind === 'whip') return publish(seat, offer, device);
  const wish: Wish = { from: query.from, trackIds: query.tracks };
  return play(seat, offer, await rooms.tracks(seat.roomId), wish, device);
}

/** A publisher is one person and replaces its own older session; a token to play is often many people's. */
async function enter(deps: WhipDeps, room: string, kind: HttpSessionKind, guest: Guest): Promise<Seat> {
  if (kind === 'whep') {
    if (!guest.permissions.subscribe) {
      throw new BacklotError(roomErrors.room_forbidden, { params: { permission: 'subscribe' } });
    }
    return deps.rooms.enter({
      ...guest,
      room,
      person: guest.identity,
      identity: `${guest.identity.slice(0, 100)}~${randomBytes(6).toString('hex')}`,
      // Those who watch without taking part are not announced; they may not publish on the way.
      passesLobby: guest.passesLobby === true || guest.permissions.admin,
      permissions: { publish: [], subscribe: true, data: false, hidden: true, admin: false },
      via: 'api',
    });
  }
  if (guest.permissions.publish.length === 0) {
    throw new BacklotError(roomErrors.room_forbidden, { params: { permission: 'publish' } });
  }
  const projectId = await openingProject(deps, guest);
  return deps.rooms.enter({
    ...guest,
    room,
    via: 'api',
    ...(projectId === undefined ? {} : { createIn: { projectId } }),
  });
}

function sessionRoutes(app: App, { sessions }: WhipDeps, kind: HttpSessionKind): void {
  app.patch(
    `/${kind}/:room/:session`,
    {
      preValidation: ofType('application/trickle-ice-sdpfrag'),
      config: { access: open, audited: 'by-handler' },
      schema: {
        summary: 'Candidates of a session (If-Match: its ETag), or a restart of ICE (If-Match: *).',
        consumes: ['application/trickle-ice-sdpfrag'],
        params: SessionParams,
        body: z.string().max(maxSdpLength),
        response: { 200: z.string(), 204: z.undefined() },
      },
    },
    async (request, reply) => {
      allowOtherOrigins(request, reply);
      const ifMatch = request.headers['if-match'];
      const answer = await sessions.patch(kind, request.params.session, ifMatch, request.body);
      if (answer.kind === 'trickled') return reply.code(204).send(undefined);
      return reply
        .code(200)
        .type('application/trickle-ice-sdpfrag')
        .header('etag', answer.etag)
        .serializer((body: unknown) => String(body))
        .send(answer.fragment);
    },
  );
  app.delete(
    `/${kind}/:room/:session`,
    {
      config: { access: open, audited: 'by-handler' },
      schema: { summary: 'End a session.', params: SessionParams, response: { 200: z.undefined() } },
    },
    async (request, reply) => {
      allowOtherOrigins(request, reply);
      await sessions.end(kind, request.params.session);
      return reply.code(200).send(undefined);
    },
  );
}

/** OPTIONS, and the methods that RFC 9725 keeps for later. */
function preflightRoutes(app: App, kind: HttpSessionKind): void {
  const paths = [`/${kind}/:room`, `/${kind}/:room/:session`];
  for (const [index, url] of paths.entries()) {
    app.options(url, { config: { access: open }, schema: { hide: true } }, async (request, reply) => {
      answerOptions(request, reply, index === 0 ? acceptPost : acceptPatch);
      return reply.code(204).send(undefined);
    });
    app.route({
      method: ['GET', 'PUT'],
      url,
      config: { access: open, audited: 'by-handler' },
      schema: { hide: true },
      handler: async (request, reply) => {
        allowOtherOrigins(request, reply);
        reply.header('allow', index === 0 ? 'POST, OPTIONS' : 'PATCH, DELETE, OPTIONS');
        const { method } = request;
        // WHEP lets a client ask by HEAD whether there is anything to talk to.
        if (kind === 'whep' && method === 'HEAD' && index === 0) {
          return reply.code(200).type('application/sdp').headers(acceptPost).send('');
        }
        throw new BacklotError(roomHttpErrors.whip_method_not_allowed, { params: { method } });
      },
    });
  }
}

/** Refuses a body of another kind before anybody wonders what is in it. */
function ofType(type: string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    allowOtherOrigins(request, reply);
    const given = String(request.headers['content-type'] ?? 'none');
    if (given.split(';')[0]?.trim().toLowerCase() === type) return;
    throw new BacklotError(kernelErrors.unsupported_media_type, { params: { type: given.slice(0, 100) } });
  };
}

const viewerName = () => 'viewer';
