import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@backlot/contract';
import { SocketRoutes } from '@backlot/control/http/sockets';
import type { Kernel } from '@backlot/control/workload';
import pino from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { createSignalling } from '../../workloads/streams/control/signalling/create-signalling.ts';
import { usualLimits } from '../../workloads/streams/control/signalling/limits.ts';
import { signallingSockets } from '../../workloads/streams/control/signalling/sockets.ts';

/**
 * A relay between streamers `/signal/streamer/<n>` and players `/signal/player/demo?ticket=<n>`, on a port of its own:
 * ours with its whole path but without sessions (everybody is let in), or the least that any server of this protocol
 * does for a message: parse it, find the other end, set `playerId`, write it anew. It measures its own CPU time.
 */
const kind = process.argv[2] === 'baseline' ? 'baseline' : 'ours';
const log = pino({ level: 'info' }, pino.destination({ dest: process.argv[3] ?? '/dev/null', sync: false }));
const server = createServer();

if (kind === 'ours') {
  const room = createSignalling({
    sessions: {
      attach: async ({ ticket = '0', app }) => ({
        kind: 'player',
        sessionId: null,
        playerId: ticket,
        role: 'controller',
        app: { id: 'app', slug: app, name: app },
        token: null,
        instance: { instanceId: ticket, relayOnly: false },
        activity: () => undefined,
        media: () => undefined,
        stats: () => undefined,
        takeControl: async () => undefined,
        handOver: async () => undefined,
        end: async () => undefined,
        detach: () => undefined,
      }),
    },
    instances: {
      attach: async (ticket) => ({
        instanceId: ticket,
        app: { id: 'app', slug: 'demo' },
        ready: async () => undefined,
        detach: () => undefined,
      }),
    },
    peerOptions: () => ({ iceServers: [] }),
    openMode: false,
    clock: systemClock,
    log,
    // The pace of one player is limited to a fraction of what is measured here; the check itself is made.
    limits: {
      player: { ...usualLimits.player, perSecond: 1e9, burst: 1e9 },
      streamer: { ...usualLimits.streamer, perSecond: 1e9, burst: 1e9 },
    },
  });
  const routes = new SocketRoutes({ log, publicOrigin: () => 'http://127.0.0.1' });
  for (const { connect, ...endpoint } of signallingSockets(() => room)) {
    routes.route({
      ...endpoint,
      connect: (socket, request, params) => connect(socket, request, params, {} as Kernel),
    });
  }
  server.on('upgrade', (request, socket, head) => routes.upgrade(request, socket, head));
} else {
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const streamers = new Map<string, WebSocket>();
  const players = new Map<string, WebSocket>();
  const say = (socket: WebSocket | undefined, message: object) => socket?.send(JSON.stringify(message));
  server.on('upgrade', (request, socket, head) =>
    wss.handleUpgrade(request, socket, head, (ws) => {
      const url = request.url ?? '';
      const isStreamer = url.startsWith('/signal/streamer/');
      const id = (isStreamer ? /[^/]+$/.exec(url)?.[0] : /ticket=(\d+)/.exec(url)?.[1]) ?? '';
      (isStreamer ? streamers : players).set(id, ws);
      say(ws, { type: 'config', peerConnectionOptions: { iceServers: [] }, protocolVersion: '1.3.0' });
      say(ws, isStreamer ? { type: 'identify' } : { type: 'streamerList', ids: ['demo'] });
      ws.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'endpointId') {
          say(ws, { type: 'endpointIdConfirm', committedId: id });
        } else if (message.type === 'subscribe') {
          say(streamers.get(id), { type: 'playerConnected', playerId: id, dataChannel: true, sfu: false });
        } else if (isStreamer) {
          say(players.get(String(message.playerId)), message);
        } else {
          message.playerId = id;
          say(streamers.get(id), message);
        }
      });
    }),
  );
}

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system });
});
process.on('disconnect', () => process.exit(0));
