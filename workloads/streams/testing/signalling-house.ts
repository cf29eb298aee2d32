import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BacklotError, type Clock, type ErrorKind, newId, systemClock } from '@backlot/contract';
import { SocketRoutes } from '@backlot/control/http/sockets';
import type { Kernel } from '@backlot/control/workload';
import pino from 'pino';
import { WebSocket } from 'ws';
import { type PlayerRole, streamErrors } from '../contract.ts';
import type {
  AttachedPlayer,
  Departure,
  InstanceRef,
  Instances,
  PlayerArrival,
  PlayerConnection,
  PlayerSample,
  Sessions,
  StreamerConnection,
} from '../control/ports.ts';
import {
  createSignalling,
  type SignallingOptions,
  type SignallingRoom,
} from '../control/signalling/create-signalling.ts';
import { signallingSockets } from '../control/signalling/sockets.ts';

/** Sessions and instances in memory, for tests of the wire: who may come in and where to is told by the test. */
export class FakeRooms {
  /** What each ticket of a player means; a missing one is refused. */
  readonly tickets = new Map<string, { instance: string | null; role?: PlayerRole; kind?: 'service' }>();
  readonly launch = new Map<string, { instanceId: string; appId?: string }>();
  readonly seen: SeenPlayer[] = [];
  readonly ready: string[] = [];
  readonly detached: string[] = [];
  readonly streamers = new Map<string, StreamerConnection>();
  /** Resolved before anybody is let in. */
  gate: Promise<void> = Promise.resolve();
  #next = 1_000;

  /** Why instances can't be ready. */
  notReady: ErrorKind | undefined;
  refusal: ErrorKind = streamErrors.ticket_invalid;

  readonly sessions: Sessions = { attach: (arrival, connection) => this.#player(arrival, connection) };
  readonly instances: Instances = { attach: (ticket, connection) => this.#streamer(ticket, connection) };

  async #player(arrival: PlayerArrival, connection: PlayerConnection): Promise<AttachedPlayer> {
    await this.gate;
    const known = this.tickets.get(arrival.ticket ?? '') ?? this.#returning(arrival.session);
    if (!known) throw new BacklotError(this.refusal);
    const before =
      arrival.session === undefined ? undefined : this.seen.find((one) => one.token === arrival.session);
    this.#next += 1;
    const seen = new SeenPlayer(
      arrival,
      connection,
      before?.attached.playerId ?? String(this.#next),
      known.role ?? 'controller',
      known.kind ?? 'player',
      known.instance === null ? null : { instanceId: known.instance, relayOnly: false },
    );
    this.seen.push(seen);
    return seen.attached;
  }

  #returning(token: string | undefined) {
    const before = this.seen.find((one) => token !== undefined && one.token === token);
    return before && { instance: before.instance?.instanceId ?? null, role: before.role, kind: undefined };
  }

  async #streamer(ticket: string, connection: StreamerConnection) {
    await this.gate;
    const known = this.launch.get(ticket);
    if (!known) throw new BacklotError(this.refusal);
    const { instanceId, appId = 'app' } = known;
    this.streamers.get(instanceId)?.close('replaced');
    this.streamers.set(instanceId, connection);
    return {
      instanceId,
      app: { id: appId, slug: 'demo' },
      ready: async () => {
        if (this.notReady) throw new BacklotError(this.notReady);
        this.ready.push(instanceId);
      },
      detach: () => {
        this.detached.push(instanceId);
      },
    };
  }
}

/** What the fake sessions know of one player's connection. */
export class SeenPlayer {
  readonly arrival: PlayerArrival;
  readonly connection: PlayerConnection;
  readonly token = newId();
  readonly attached: AttachedPlayer;
  readonly instance: InstanceRef | null;
  role: PlayerRole;
  readonly stats: PlayerSample[] = [];
  readonly asked: string[] = [];
  activities = 0;
  pictures = 0;
  departure: Departure | undefined;
  departures = 0;
  refuseRequests: BacklotError | undefined;

  constructor(
    arrival: PlayerArrival,
    connection: PlayerConnection,
    playerId: string,
    role: PlayerRole,
    kind: 'player' | 'service',
    instance: InstanceRef | null,
  ) {
    this.arrival = arrival;
    this.connection = connection;
    this.role = role;
    this.instance = instance;
    const request = async (what: string) => {
      if (this.refuseRequests) throw this.refuseRequests;
      this.asked.push(what);
    };
    this.attached = {
      kind,
      sessionId: kind === 'service' ? null : newId(),
      playerId,
      role,
      app: { id: 'app', slug: arrival.app, name: 'Demo' },
      token: kind === 'service' ? null : this.token,
      instance,
      activity: () => {
        this.activities += 1;
      },
      media: () => {
        this.pictures += 1;
      },
      stats: (sample) => this.stats.push(sample),
      takeControl: () => request('takeControl'),
      handOver: (to) => request(`handOver ${to}`),
      end: () => request('end'),
      detach: (departure) => {
        this.departure = departure;
        this.departures += 1;
      },
    };
  }
}

export interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** One end of a socket: a page or an engine, speaking whatever the test says. */
export class WireClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly texts: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void)[] = [];
  #read = 0;

  constructor(url: string, options: { language?: string } = {}) {
    this.socket = new WebSocket(url, {
      headers: options.language ? { 'accept-language': options.language } : {},
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      const text = String(data);
      this.texts.push(text);
      this.messages.push(JSON.parse(text));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise<void>((resolve, reject) => {
        this.socket.once('open', () => resolve());
        this.socket.once('error', reject);
      });
    }
    return this;
  }

  send(message: unknown): void {
    this.socket.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    );
  }

  /** The next message of a type, after those already taken; those in between are passed over. */
  async next(type: string): Promise<Message> {
    for (;;) {
      while (this.#read < this.messages.length) {
        const message = this.messages[this.#read++];
        if (message?.type === type) return message;
      }
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`Closed before ${type} came: ${this.types}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`No ${type} came, only ${this.types}`)), 20_000);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** After this, everything that the server did before has arrived: it answers in order. */
  async settled(): Promise<void> {
    const time = Math.floor(Math.random() * 1e12);
    this.send({ type: 'ping', time });
    for (;;) if ((await this.next('pong')).time === time) return;
  }

  get types(): string {
    return this.messages.map(({ type }) => type).join(' ');
  }

  all(type: string): Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  close(code = 1000): Promise<unknown> {
    this.socket.close(code);
    return this.closed;
  }
}

/** Signalling on a real server with real sockets, between fake sessions and instances. */
export interface SignallingHouse {
  readonly rooms: FakeRooms;
  readonly room: SignallingRoom;
  readonly base: string;
  player(query?: string, path?: string): Promise<WireClient>;
  streamer(ticket: string): Promise<WireClient>;
  /** A streamer that has identified itself for an instance. */
  stage(instanceId: string, appId?: string): Promise<WireClient>;
  connect(path: string, language?: string): WireClient;
  close(): Promise<void>;
}

export async function startSignalling(
  options: Partial<SignallingOptions> & { clock?: Clock; log?: pino.Logger } = {},
): Promise<SignallingHouse> {
  const rooms = new FakeRooms();
  const log = options.log ?? pino({ level: 'silent' });
  const room = createSignalling({
    sessions: rooms.sessions,
    instances: rooms.instances,
    peerOptions: ({ user }) => ({
      iceServers: [{ urls: ['turn:example.test'], username: user, credential: 'x' }],
    }),
    openMode: false,
    clock: systemClock,
    log,
    ...options,
  });
  const kernel = {
    addressOf: (request: IncomingMessage) => request.socket.remoteAddress ?? null,
  } as unknown as Kernel;
  const routes = new SocketRoutes({ log, publicOrigin: () => 'http://127.0.0.1' });
  for (const { connect, ...endpoint } of signallingSockets(() => room)) {
    routes.route({
      ...endpoint,
      connect: (socket, request, params) => connect(socket, request, params, kernel),
    });
  }
  const server: Server = createServer();
  server.on('upgrade', (request, socket, head) => routes.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients: WireClient[] = [];
  const connect = (path: string, language?: string) => {
    const client = new WireClient(`${base}${path}`, language === undefined ? {} : { language });
    clients.push(client);
    return client;
  };
  const house: SignallingHouse = {
    rooms,
    room,
    base,
    connect,
    player: (query = '', path = '/signal/player/demo') => connect(`${path}${query}`).opened(),
    streamer: (ticket) => connect(`/signal/streamer/${ticket}`).opened(),
    async stage(instanceId, appId) {
      const ticket = `launch-${instanceId}`;
      rooms.launch.set(ticket, { instanceId, ...(appId === undefined ? {} : { appId }) });
      const streamer = await house.streamer(ticket);
      await streamer.next('identify');
      streamer.send({ type: 'endpointId', id: 'DefaultStreamer' });
      await streamer.next('endpointIdConfirm');
      return streamer;
    },
    async close() {
      for (const { socket } of clients) socket.terminate();
      room.close();
      await routes.close(Promise.resolve());
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return house;
}
