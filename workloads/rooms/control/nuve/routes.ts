import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import { type Actor, type App, type Kernel, type RouteAccess, systemActor } from '@backlot/control/workload';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Identity } from '../../contract/grants.ts';
import type { Room } from '../../contract/room.ts';
import { audit } from '../http/access.ts';
import type { Moderator, Rooms } from '../ports.ts';
import { NuveAuthenticator, type Signed, type SuperService } from './authenticate.ts';
import { type NuveRoom, type NuveService, NuveStore } from './nuve-store.ts';
import { nuveRoles, roomBody, serviceBody, tokenText, userBody } from './views.ts';

export interface NuveDeps {
  readonly kernel: Kernel;
  readonly rooms: Rooms;
  readonly superService: SuperService;
}

const ServiceParams = z.object({ service: z.uuid() });
const NuveRoomParams = z.object({ room: z.uuid() });
const UserParams = NuveRoomParams.extend({ user: Identity });

const ServiceCreate = z.object({
  name: z.string().trim().min(1).max(200),
  key: z.string().min(8).max(200).optional(),
});
const options = z
  .looseObject({
    p2p: z.boolean().optional(),
    data: z.unknown().optional(),
    mediaConfiguration: z.string().max(200).optional(),
  })
  .refine((value) => JSON.stringify(value).length <= 8_192, { message: 'At most 8 kB.' });
const RoomBody = z.object({
  name: z.string().trim().min(1).max(200),
  options: options.optional(),
});
/** `PUT` puts what is named; the rest stays. */
const RoomPut = RoomBody.partial();

const any = z.unknown();
const open: RouteAccess = { kind: 'public' };
const config = {
  access: open,
  audited: 'by-handler',
  /** Signing is cheap to try and HMAC-SHA1 is what it is. */
  limit: { name: 'rooms-nuve', burst: 600, perMinute: 3_000 },
} as const;

/** Who the audit says it was: a service is no account, and has no rights beyond its own routes. */
const actorOf = (service: NuveService): Actor => ({
  ...systemActor,
  name: `nuve ${service.name}`,
  grants: [],
  scopes: [],
});
/** What is done by a signed request is told to the room as the service's doing. */
const by = (service: NuveService): Moderator => ({
  name: service.name,
  identity: null,
  actor: actorOf(service),
});
const inProject = (room: { readonly id: string }, service: NuveService) => ({
  id: room.id,
  projectId: service.projectId,
});

/** licode's Nuve, for the programs that speak it: services are tenants, each with a project. All thirteen routes. */
export function nuveRoutes(app: App, deps: NuveDeps): NuveStore {
  const store = new NuveStore(deps.kernel);
  const auth = new NuveAuthenticator(deps.kernel, store, deps.superService);
  serviceRoutes(app, store, auth);
  roomRoutes(app, deps, store, auth);
  userRoutes(app, deps, store, auth);
  return store;
}

function serviceRoutes(app: App, store: NuveStore, auth: NuveAuthenticator): void {
  app.post(
    '/nuve/services',
    {
      config: { ...config, secretAnswer: true },
      schema: { summary: 'Make a tenant (Nuve; superservice).', body: ServiceCreate, response: { 200: any } },
    },
    async (request) => {
      const actor = await auth.superService(request);
      const { name, key } = request.body;
      return serviceBody(await store.create(name, key, actor), []);
    },
  );
  app.get(
    '/nuve/services',
    { config, schema: { summary: 'All tenants (Nuve; superservice).', response: { 200: any } } },
    async (request) => {
      await auth.superService(request);
      const services = await store.services();
      return Promise.all(
        services.map(async (service) => serviceBody(service, await store.rooms(service.id))),
      );
    },
  );
  app.get(
    '/nuve/services/:service',
    {
      config,
      schema: { summary: 'One tenant (Nuve; superservice).', params: ServiceParams, response: { 200: any } },
    },
    async (request) => {
      await auth.superService(request);
      const service = await serviceOf(store, request.params.service);
      return serviceBody(service, await store.rooms(service.id));
    },
  );
  app.delete(
    '/nuve/services/:service',
    {
      config,
      schema: {
        summary: 'Remove a tenant (Nuve; superservice).',
        params: ServiceParams,
        response: { 200: any },
      },
    },
    async (request, reply) => {
      const actor = await auth.superService(request);
      await store.remove(await serviceOf(store, request.params.service), actor);
      return text(reply, 'Service deleted');
    },
  );
}

function roomRoutes(app: App, { kernel, rooms }: NuveDeps, store: NuveStore, auth: NuveAuthenticator): void {
  app.post(
    '/nuve/rooms',
    { config, schema: { summary: 'Open a room (Nuve).', body: RoomBody, response: { 200: any } } },
    async (request) => {
      const { service } = await auth.service(request);
      const { name, options: facts = {} } = request.body;
      const room = await openRoom(rooms, service);
      const nuve = { id: room.id, name, facts };
      await store.putRoom(service.id, nuve);
      await audit(kernel, actorOf(service), 'room.create', room, { name });
      return roomBody(nuve);
    },
  );
  app.get(
    '/nuve/rooms',
    { config, schema: { summary: 'Rooms of the service (Nuve).', response: { 200: any } } },
    async (request) => {
      const { service } = await auth.service(request);
      return (await store.rooms(service.id)).map(roomBody);
    },
  );
  app.get(
    '/nuve/rooms/:room',
    { config, schema: { summary: 'One room (Nuve).', params: NuveRoomParams, response: { 200: any } } },
    async (request) => {
      const { service } = await auth.service(request);
      return roomBody(await roomOf(store, service, request.params.room));
    },
  );
  app.put(
    '/nuve/rooms/:room',
    {
      config,
      schema: {
        summary: 'Change a room (Nuve).',
        params: NuveRoomParams,
        body: RoomPut,
        response: { 200: any },
      },
    },
    async (request) => {
      const { service } = await auth.service(request);
      const before = await roomOf(store, service, request.params.room);
      const { name = before.name, options: facts } = request.body;
      const after = { ...before, name, facts: { ...before.facts, ...facts } };
      await store.putRoom(service.id, after);
      await audit(kernel, actorOf(service), 'room.change', inProject(after, service), {
        name,
        options: facts,
      });
      return roomBody(after);
    },
  );
  app.delete(
    '/nuve/rooms/:room',
    { config, schema: { summary: 'Close a room (Nuve).', params: NuveRoomParams, response: { 200: any } } },
    async (request, reply) => {
      const { service } = await auth.service(request);
      const room = await roomOf(store, service, request.params.room);
      await rooms.close(room.id, by(service));
      await audit(kernel, actorOf(service), 'room.close', inProject(room, service));
      return text(reply, 'Room deleted');
    },
  );
  app.post(
    '/nuve/rooms/:room/tokens',
    {
      config: { ...config, secretAnswer: true },
      schema: {
        summary: 'A token for the user and role in the signed header (Nuve).',
        params: NuveRoomParams,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const signed = await auth.service(request);
      const room = await roomOf(store, signed.service, request.params.room);
      const { identity, role, permissions } = wanted(signed);
      const { name } = await rooms.get(room.id);
      const { token, id } = await rooms.tokens.issue({
        identity,
        grants: { room: name, role, permissions, name: identity },
        projectId: signed.service.projectId,
      });
      const facts = { tokenId: id, identity, role };
      await audit(kernel, actorOf(signed.service), 'room.token', inProject(room, signed.service), facts);
      const signingKey = await kernel.key('rooms.nuve.tokens');
      const { publicUrl } = kernel;
      return text(
        reply,
        tokenText({ tokenId: id, publicUrl: publicUrl(), room: name, jwt: token, signingKey }),
      );
    },
  );
}

function userRoutes(app: App, { kernel, rooms }: NuveDeps, store: NuveStore, auth: NuveAuthenticator): void {
  app.get(
    '/nuve/rooms/:room/users',
    {
      config,
      schema: { summary: 'Who is in a room (Nuve).', params: NuveRoomParams, response: { 200: any } },
    },
    async (request) => {
      const { service } = await auth.service(request);
      const room = await roomOf(store, service, request.params.room);
      return (await rooms.participants(room.id)).map(userBody);
    },
  );
  app.get(
    '/nuve/rooms/:room/users/:user',
    { config, schema: { summary: 'One user of a room (Nuve).', params: UserParams, response: { 200: any } } },
    async (request) => {
      const { service } = await auth.service(request);
      const room = await roomOf(store, service, request.params.room);
      return userBody(await rooms.participant(room.id, request.params.user));
    },
  );
  app.delete(
    '/nuve/rooms/:room/users/:user',
    { config, schema: { summary: 'Put a user out (Nuve).', params: UserParams, response: { 200: any } } },
    async (request, reply) => {
      const { service } = await auth.service(request);
      const room = await roomOf(store, service, request.params.room);
      await rooms.kick(room.id, request.params.user, by(service));
      const facts = { identity: request.params.user };
      await audit(kernel, actorOf(service), 'room.kick', inProject(room, service), facts);
      return text(reply, 'User deleted');
    },
  );
}

/** Nuve's rooms stay until they are deleted, whether anybody is there or not. Their free names stand beside ours. */
function openRoom(rooms: Rooms, service: NuveService): Promise<Room> {
  return rooms.create(
    {
      name: `nuve-${newId().replaceAll('-', '')}`,
      projectId: service.projectId,
      settings: { emptyTimeoutS: 0, departureTimeoutS: 0 },
    },
    actorOf(service),
  );
}

/** @throws invalid_input when the signed header names no user, or a role that there is not */
function wanted({ username, role }: Signed) {
  const grant = role === undefined || !Object.hasOwn(nuveRoles, role) ? undefined : nuveRoles[role];
  const identity = Identity.safeParse(username);
  if (!identity.success || !grant) {
    const known = Object.keys(nuveRoles).join(', ');
    throw new BacklotError(kernelErrors.invalid_input, {
      params: { reason: `mauth_username and mauth_role are needed; roles are ${known}` },
      pointer: 'headers.authorization',
    });
  }
  return { identity: identity.data, ...grant };
}

async function serviceOf(store: NuveStore, id: string): Promise<NuveService> {
  const service = await store.service(id);
  if (!service) throw new BacklotError(kernelErrors.not_found, { params: { what: 'service', id } });
  return service;
}

async function roomOf(store: NuveStore, service: NuveService, id: string): Promise<NuveRoom> {
  const room = await store.room(service.id, id);
  if (!room) throw new BacklotError(kernelErrors.not_found, { params: { what: 'room', id } });
  return room;
}

function text(reply: FastifyReply, words: string): FastifyReply {
  return reply
    .code(200)
    .type('text/plain; charset=utf-8')
    .serializer((body: unknown) => String(body))
    .send(words);
}
