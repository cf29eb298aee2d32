import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Just enough of a signalling server to test a streamer and a player against each other: one streamer at
 * `/signal/streamer/…`, any number of players at `/signal/player/…`. The product has its own; this one says what it hears.
 */
export interface SmallSignalling {
  readonly streamerUrl: string;
  readonly playerUrl: string;
  /** What the streamer has said, oldest first. */
  readonly heard: readonly Record<string, unknown>[];
  /** How often a streamer has connected. */
  readonly connects: number;
  readonly streamerConnected: boolean;
  /** Cuts the streamer's socket as a lost network does. */
  dropStreamer(): void;
  /** Says something to the streamer. */
  tell(message: Record<string, unknown>): void;
  close(): Promise<void>;
}

export async function openSmallSignalling(): Promise<SmallSignalling> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const heard: Record<string, unknown>[] = [];
  const players = new Map<string, WebSocket>();
  let streamer: WebSocket | undefined;
  let connects = 0;
  let lastPlayer = 1_000;
  const say = (socket: WebSocket | undefined, message: object) => socket?.send(JSON.stringify(message));

  const admitStreamer = (socket: WebSocket) => {
    streamer = socket;
    connects += 1;
    say(socket, { type: 'identify' });
    say(socket, { type: 'config', peerConnectionOptions: { iceServers: [] }, protocolVersion: '1.3.0' });
    socket.on('message', (bytes) => {
      const message = JSON.parse(bytes.toString()) as Record<string, unknown>;
      heard.push(message);
      if (message.type === 'endpointId') say(socket, { type: 'endpointIdConfirm', committedId: 'small' });
      if (message.type === 'ping') say(socket, { type: 'pong', time: message.time });
      if (message.type !== 'offer' && message.type !== 'iceCandidate' && message.type !== 'answer') return;
      say(players.get(String(message.playerId)), message);
    });
    socket.on('close', () => {
      if (streamer === socket) streamer = undefined;
    });
  };

  const admitPlayer = (socket: WebSocket) => {
    lastPlayer += 1;
    const id = String(lastPlayer);
    players.set(id, socket);
    say(socket, { type: 'config', peerConnectionOptions: { iceServers: [] }, protocolVersion: '1.3.0' });
    socket.on('message', (bytes) => {
      const message = JSON.parse(bytes.toString()) as Record<string, unknown>;
      if (message.type === 'listStreamers')
        say(socket, { type: 'streamerList', ids: streamer ? ['small'] : [] });
      else if (message.type === 'subscribe')
        say(streamer, { type: 'playerConnected', playerId: id, dataChannel: true, sfu: false });
      else say(streamer, { ...message, playerId: id });
    });
    socket.on('close', () => {
      players.delete(id);
      say(streamer, { type: 'playerDisconnected', playerId: id });
    });
  };

  server.on('connection', (socket, request) => {
    socket.on('error', () => {});
    if (request.url?.startsWith('/signal/streamer/')) admitStreamer(socket);
    else admitPlayer(socket);
  });
  return {
    streamerUrl: `ws://127.0.0.1:${port}/signal/streamer/a-ticket`,
    playerUrl: `ws://127.0.0.1:${port}/signal/player/demo`,
    heard,
    get connects() {
      return connects;
    },
    get streamerConnected() {
      return streamer !== undefined;
    },
    dropStreamer: () => streamer?.terminate(),
    tell: (message) => say(streamer, message),
    async close() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
