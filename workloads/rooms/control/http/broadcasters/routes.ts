import { BacklotError } from '@backlot/contract';
import type { App, RouteAccess } from '@backlot/control/workload';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  BroadcasterCreate,
  ConsumeDataRequest,
  NewestConsumeRequest,
  NewestProduceRequest,
  ProduceDataRequest,
  ProduceRequest,
  TransportConnect,
  TransportCreate,
} from '../../../contract/broadcaster.ts';
import { roomErrors } from '../../../contract/errors.ts';
import { Identity, RoomName } from '../../../contract/grants.ts';
import { MediaId } from '../../../contract/media/rtp.ts';
import type { Rooms, Seat } from '../../ports.ts';
import type { Broadcasters } from './broadcasters.ts';
import { peerProducersInfos, peersOf, plainTransport, webRtcTransport } from './views.ts';

const Room = z.object({ roomId: z.union([z.uuid(), RoomName]) });
const Broadcaster = Room.extend({ broadcasterId: Identity });
const OnTransport = Broadcaster.extend({ transportId: MediaId });
const OnConsumer = Broadcaster.extend({ consumerId: MediaId });
const json = z.record(z.string(), z.unknown());

/** Whoever comes proves itself in the handler: by a room token, an API token, or not at all where rooms are open. */
const open: RouteAccess = { kind: 'public' };
const config = { access: open, audited: 'by-handler' } as const;
/** What asking may do: it opens the room where rooms are open to anybody, and has a place looked for. */
const asking = { access: open, limit: { name: 'rooms-ask', burst: 60, perMinute: 120 } } as const;
const creating = { ...config, limit: { name: 'rooms-broadcaster', burst: 200, perMinute: 600 } } as const;

/** mediasoup-demo's API for programs, by which ffmpeg publishes and receives. Both of its versions. */
export function broadcasterRoutes(app: App, rooms: Rooms, broadcasters: Broadcasters): void {
  app.get(
    '/rooms/:roomId',
    {
      config: asking,
      schema: {
        summary: 'What a room’s router can (mediasoup-demo).',
        params: Room,
        response: { 200: json },
      },
    },
    async (request) => {
      const capabilities = await broadcasters.capabilities(request, request.params.roomId);
      // The older API answers with the capabilities themselves, the newer one with an object around them.
      return { ...capabilities, routerRtpCapabilities: capabilities };
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters',
    {
      config: creating,
      schema: {
        summary: 'Enter a room as a program (mediasoup-demo, both versions).',
        params: Room,
        body: BroadcasterCreate,
        response: { 200: json, 201: json },
      },
    },
    async (request, reply) => {
      const { roomId } = request.params;
      const { body } = request;
      if ('peerId' in body) {
        const known = { dialect: 'newest', device: body.device } as const;
        await broadcasters.enter(request, roomId, body.peerId, body.displayName, known);
        return created(reply, `/rooms/${roomId}/broadcasters/${encodeURIComponent(body.peerId)}`, {});
      }
      const known = { dialect: '2024', device: body.device } as const;
      const seat = await broadcasters.enter(request, roomId, body.id, body.displayName, known);
      const { rtpCapabilities } = body;
      await seat.join({
        displayName: body.displayName,
        device: body.device,
        data: rtpCapabilities !== undefined,
        ...(rtpCapabilities === undefined ? {} : { rtpCapabilities }),
      });
      return reply.code(200).send({ peers: rtpCapabilities === undefined ? [] : peersOf(seat.peers()) });
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/join',
    {
      config,
      schema: {
        summary: 'Join (newest mediasoup-demo).',
        params: Broadcaster,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      await seat.join({ device: broadcasters.deviceOf(seat), data: false });
      return text(reply, 'BroadcasterPeer joined');
    },
  );
  app.delete(
    '/rooms/:roomId/broadcasters/:broadcasterId',
    {
      config,
      schema: {
        summary: 'Leave: transports are closed, everybody is told (mediasoup-demo, both versions).',
        params: Broadcaster,
        response: { 200: z.string(), 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const newest = broadcasters.dialectOf(seat) === 'newest';
      await broadcasters.leave(seat);
      return newest ? reply.code(204).send(undefined) : text(reply, 'broadcaster deleted');
    },
  );
  transportRoutes(app, broadcasters);
  mediaRoutes(app, rooms, broadcasters);
}

function transportRoutes(app: App, broadcasters: Broadcasters): void {
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/transports',
    {
      config: creating,
      schema: {
        summary: 'A plain or WebRTC transport (mediasoup-demo, both versions).',
        params: Broadcaster,
        body: TransportCreate,
        response: { 200: json, 201: json },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { body } = request;
      if ('direction' in body || body.type === 'plain') requireSender(seat);
      if ('direction' in body) {
        const transport = plainTransport(await seat.createPlainTransport(body));
        const path = `/rooms/${roomId}/broadcasters/${encodeURIComponent(broadcasterId)}/transports/${transport.id}`;
        return created(reply, path, transport);
      }
      const { type, rtcpMux, comedia, sctpCapabilities } = body;
      // The older API does not say what it will do; both work on the home router.
      const direction = 'producer';
      const sctp = sctpCapabilities !== undefined;
      return type === 'plain'
        ? plainTransport(await seat.createPlainTransport({ direction, rtcpMux, comedia, sctp }))
        : webRtcTransport(await seat.createWebRtcTransport({ direction, sctp }));
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/connect',
    {
      config,
      schema: {
        summary:
          'Say where a transport’s other end is; not needed with comedia (mediasoup-demo, both versions).',
        params: OnTransport,
        body: TransportConnect,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId, transportId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { body } = request;
      if ('dtlsParameters' in body) {
        await seat.connectWebRtcTransport(transportId, body.dtlsParameters);
        return text(reply, 'WebRtcTransport connected');
      }
      requireSender(seat);
      const { ip, port, rtcpPort } = body;
      await seat.connectPlainTransport(transportId, {
        ip,
        port,
        ...(rtcpPort === undefined ? {} : { rtcpPort }),
      });
      return text(reply, 'PlainTransport connected');
    },
  );
}

function mediaRoutes(app: App, rooms: Rooms, broadcasters: Broadcasters): void {
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/producers',
    {
      config: creating,
      schema: {
        summary: 'Publish (mediasoup-demo of 2024).',
        params: OnTransport,
        body: ProduceRequest,
        response: { 200: json },
      },
    },
    async (request) => {
      const { roomId, broadcasterId, transportId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { id } = await seat.produce({ transportId, ...request.body });
      return { id };
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/producers',
    {
      config: creating,
      schema: {
        summary: 'Publish (newest mediasoup-demo).',
        params: Broadcaster,
        body: NewestProduceRequest,
        response: { 201: json },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { id } = await seat.produce(request.body);
      const path = `/rooms/${roomId}/broadcasters/${encodeURIComponent(broadcasterId)}/producers/${id}`;
      return created(reply, path, { producerId: id });
    },
  );
  app.get(
    '/rooms/:roomId/broadcasters/:broadcasterId/peerProducersInfos',
    {
      config: { access: open },
      schema: {
        summary: 'What others publish (newest mediasoup-demo).',
        params: Broadcaster,
        response: { 200: json },
      },
    },
    async (request) => {
      const { roomId, broadcasterId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const [tracks, capabilities] = await Promise.all([
        rooms.tracks(seat.roomId),
        seat.routerRtpCapabilities(),
      ]);
      return { peerProducersInfos: peerProducersInfos(seat.peers(), tracks, capabilities) };
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/consume',
    {
      config: creating,
      schema: {
        summary: 'Receive a track (mediasoup-demo of 2024).',
        params: OnTransport,
        querystring: z.object({ producerId: MediaId }),
        response: { 200: json },
      },
    },
    async (request) => {
      const { roomId, broadcasterId, transportId } = request.params;
      const { producerId } = request.query;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { id, kind, rtpParameters, type } = await seat.consume({
        transportId,
        producerId,
        paused: false,
      });
      return { id, producerId, kind, rtpParameters, type };
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/consumers',
    {
      config: creating,
      schema: {
        summary: 'Receive a track (newest mediasoup-demo).',
        params: Broadcaster,
        body: NewestConsumeRequest,
        response: { 201: json },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const consumer = await seat.consume(request.body);
      const path = `/rooms/${roomId}/broadcasters/${encodeURIComponent(broadcasterId)}/consumers/${consumer.id}`;
      const { kind, rtpParameters, type } = consumer;
      return created(reply, path, { consumerId: consumer.id, kind, rtpParameters, type });
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/consumers/:consumerId/resume',
    {
      config,
      schema: {
        summary: 'Let a track flow (newest mediasoup-demo).',
        params: OnConsumer,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { roomId, broadcasterId, consumerId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      await seat.resumeConsumer(consumerId);
      return text(reply, 'Consumer resumed');
    },
  );
  dataRoutes(app, broadcasters);
}

function dataRoutes(app: App, broadcasters: Broadcasters): void {
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/produce/data',
    {
      config: creating,
      schema: {
        summary: 'Send data messages (mediasoup-demo of 2024).',
        params: OnTransport,
        body: ProduceDataRequest,
        response: { 200: json },
      },
    },
    async (request) => {
      const { roomId, broadcasterId, transportId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { id } = await seat.produceData({ transportId, ...request.body });
      return { id };
    },
  );
  app.post(
    '/rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/consume/data',
    {
      config: creating,
      schema: {
        summary: 'Receive data messages (mediasoup-demo of 2024).',
        params: OnTransport,
        body: ConsumeDataRequest,
        response: { 200: json },
      },
    },
    async (request) => {
      const { roomId, broadcasterId, transportId } = request.params;
      const seat = await broadcasters.seat(request, roomId, broadcasterId);
      const { dataProducerId } = request.body;
      const { id, sctpStreamParameters } = await seat.consumeData({ transportId, dataProducerId });
      return { id, streamId: sctpStreamParameters.streamId };
    },
  );
}

/**
 * A plain transport sends to any address that is named, without asking there: it is not for whoever was invited to watch.
 * @throws room_forbidden
 */
function requireSender({ self: { permissions } }: Seat): void {
  if (permissions.publish.length > 0 || permissions.admin) return;
  throw new BacklotError(roomErrors.room_forbidden, { params: { permission: 'publish' } });
}

function created(reply: FastifyReply, location: string, body: Record<string, unknown>): FastifyReply {
  return reply.code(201).header('location', location).send(body);
}

function text(reply: FastifyReply, words: string): FastifyReply {
  return reply
    .code(200)
    .type('text/plain; charset=utf-8')
    .serializer((body: unknown) => String(body))
    .send(words);
}
