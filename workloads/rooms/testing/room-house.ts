import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@backlot/contract';
import { noTracer } from '@backlot/contract/trace/tracer';
import { auditLog } from '@backlot/control/access/audit-log';
import type { Tx } from '@backlot/control/db/schema';
import { SocketRoutes } from '@backlot/control/http/sockets';
import type { Kernel, NodeLinks } from '@backlot/control/kernel';
import { type CoreHouse, openCoreHouse } from '@backlot/testkit/core-house';
import { createTestDatabase } from '@backlot/testkit/database';
import pino from 'pino';
import { mediaEventMethod } from '../contract/media/events.ts';
import { roomsControl } from '../control/index.ts';
import { RoomService } from '../control/rooms/service.ts';
import type { RoomsSettings } from '../control/settings.ts';
import { connect } from '../control/signalling/connect.ts';
import { Sessions } from '../control/signalling/sessions.ts';
import { signallingRoute } from '../control/signalling/socket-route.ts';
import { FakeMedia, type FakeRoom } from './fake-media.ts';
import { Person, type PersonOptions } from './person.ts';

/**
 * The control half of rooms as it stands in the product: real database, real core, real sockets; nodes that exist as
 * messages only, and a media host in memory. It can be started again as after kill -9: nothing but the database and the
 * media host goes on.
 */
export interface RoomHouse {
  readonly core: CoreHouse;
  readonly media: FakeMedia;
  readonly projectId: string;
  readonly url: string;
  readonly rooms: RoomService;
  readonly sessions: Sessions;
  readonly kernel: Kernel;
  /** The media of the only room that has a place. */
  readonly fakeRoom: FakeRoom;
  token(identity: string, grants: Parameters<RoomService['tokens']['issue']>[0]['grants']): Promise<string>;
  join(options: Omit<PersonOptions, 'url'>): Promise<Person>;
  /** Kills the control half and starts it anew on what is left. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });

export async function openRoomHouse(
  options: {
    readonly clock?: Clock;
    readonly settings?: Partial<RoomsSettings>;
    readonly nodes?: number;
  } = {},
): Promise<RoomHouse> {
  const clock = options.clock ?? systemClock;
  const database = await createTestDatabase({
    migrations: [{ name: 'rooms', migrations: roomsControl.migrations ?? [] }],
  });
  const core = await openCoreHouse({ store: database.store, workloads: [roomsControl] });
  const projectId = await core.project();
  for (let n = 0; n < (options.nodes ?? 1); n += 1) {
    await core.fleet.add({ packets: 100_000, capabilities: [{ name: 'sfu', features: [] }] });
  }
  const media = new FakeMedia();
  const settings: RoomsSettings = {
    open: true,
    throttleSecret: 'a secret of tests',
    resumeMs: 30_000,
    joinMs: 60_000,
    ...options.settings,
  };
  const server = createServer();
  const people = new Set<Person>();
  let current = build();
  await current.rooms.start();
  server.on('upgrade', (request, socket, head) => current.sockets.upgrade(request, socket, head));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
  const url = `ws://127.0.0.1:${port}/rooms/ws`;

  function build() {
    let heard: (nodeId: string, call: Parameters<FakeMedia['call']>[0]) => Promise<unknown> =
      async () => ({});
    const nodes: NodeLinks & Kernel['nodes'] = {
      connected: () => !media.away,
      send: (nodeId, type, body) => core.fleet.send(nodeId, type, body),
      call: (_nodeId, call) => media.call(call),
      onCall: (_prefix, handler) => {
        heard = handler;
      },
    };
    const kernel = {
      db: database.db,
      clock,
      log,
      jobs: core.core.jobs,
      nodes,
      tracer: noTracer,
      key: async () => new Uint8Array(32).fill(7),
      audit: auditLog,
      transaction: (work: (tx: Tx) => Promise<unknown>) => database.store.transaction(work),
    } as unknown as Kernel;
    const rooms = new RoomService(kernel, settings);
    const sessions = new Sessions();
    media.onTell((allocation, event) => {
      const nodeId = rooms.live.find((room) => room.place.home?.allocation === allocation)?.place.home
        ?.nodeId;
      if (nodeId === undefined) return;
      void heard(nodeId, { allocation, method: mediaEventMethod, payload: event, deadlineMs: 1_000 });
    });
    const sockets = new SocketRoutes({ log, publicOrigin: () => 'http://127.0.0.1' });
    sockets.route({
      ...signallingRoute,
      connect: (socket, request) => connect({ kernel, rooms, sessions, settings }, socket, request),
    });
    return { kernel, rooms, sessions, sockets };
  }

  return {
    core,
    media,
    projectId,
    url,
    get rooms() {
      return current.rooms;
    },
    get sessions() {
      return current.sessions;
    },
    get kernel() {
      return current.kernel;
    },
    get fakeRoom() {
      const [room] = media.rooms;
      if (!room) throw new Error('No room has a place.');
      return room;
    },
    async token(identity, grants) {
      return (await current.rooms.tokens.issue({ identity, grants, projectId })).token;
    },
    async join(who) {
      const person = await Person.connect({ url, ...who });
      people.add(person);
      return person;
    },
    async restart() {
      const old = current;
      // What the old process would still have said is lost with it.
      media.onTell(() => {});
      await old.sockets.close(Promise.resolve());
      for (const room of old.rooms.live) room.stop();
      current = build();
      await current.rooms.start();
    },
    async close() {
      for (const person of people) person.close();
      await current.rooms.shutdown();
      await current.sockets.close(Promise.resolve());
      await new Promise((resolve) => server.close(resolve));
      await core.close();
      await database.close();
    },
  };
}
