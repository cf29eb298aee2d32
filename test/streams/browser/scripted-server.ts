import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { ServerExtensionInput } from '@backlot/streams/contract';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Serves the built player page and lets a test say what the server says, so that states that are rare or short with the
 * real one (a long queue, a refusal, a countdown) can be looked at for as long as it takes. What it sends has the types
 * of the contract. It stands for the control plane only in tests of how the page looks and what it says.
 */
export interface ScriptedServer {
  readonly url: string;
  /** How the app's page looks; null: there is no such app. */
  look: Readonly<Record<string, unknown>> | null;
  /** The player that connected last; waits for one. */
  player(): Promise<ScriptedPlayer>;
  /** Whoever has connected so far is not meant by the next `player()`. */
  forget(): void;
  close(): Promise<void>;
}

export interface ScriptedPlayer {
  readonly address: URL;
  readonly heard: readonly Readonly<Record<string, unknown>>[];
  say(message: ServerExtensionInput): void;
  raw(message: object): void;
  end(code: number, reason: string): void;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};
/** The same policy as the control plane's, so that the page is tried under it. */
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; frame-ancestors *; base-uri 'none'; object-src 'none'";

export async function startScriptedServer(pageDir: string): Promise<ScriptedServer> {
  let look: ScriptedServer['look'] = { slug: 'demo', name: 'Demo', accent: null, logo: null };
  const waiting: ((player: ScriptedPlayer) => void)[] = [];
  const arrived: ScriptedPlayer[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname.startsWith('/api/v1/streams/page/')) {
      response.writeHead(look ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(look ?? {}));
      return;
    }
    const file = pathname.startsWith('/pages/streams/')
      ? pathname.slice('/pages/streams/'.length)
      : pathname.startsWith('/s/')
        ? 'index.html'
        : undefined;
    const body = file === undefined ? undefined : await readFile(join(pageDir, file)).catch(() => undefined);
    if (body === undefined || file === undefined) {
      // A page that frames the player, for tests of embedding.
      response.writeHead(pathname === '/host' ? 200 : 404, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>host</title><body></body>');
      return;
    }
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': policy,
    });
    response.end(body);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    const player = scripted(socket, new URL(request.url ?? '/', 'http://x'));
    const taker = waiting.shift();
    if (taker) taker(player);
    else arrived.push(player);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get look() {
      return look;
    },
    set look(next) {
      look = next;
    },
    player() {
      const latest = arrived.pop();
      arrived.length = 0;
      if (latest) return Promise.resolve(latest);
      return new Promise((resolve) => waiting.push(resolve));
    },
    forget() {
      arrived.length = 0;
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function scripted(socket: WebSocket, address: URL): ScriptedPlayer {
  const heard: Record<string, unknown>[] = [];
  socket.on('message', (data) => {
    const message: unknown = JSON.parse(String(data));
    if (typeof message !== 'object' || message === null) return;
    const entries = Object.fromEntries(Object.entries(message));
    heard.push(entries);
    if (entries.type === 'ping') socket.send(JSON.stringify({ type: 'pong', time: entries.time }));
  });
  const raw = (message: object) => socket.send(JSON.stringify(message));
  return { address, heard, say: raw, raw, end: (code, reason) => socket.close(code, reason) };
}
