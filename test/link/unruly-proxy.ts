import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** A way between a node and its control plane on which connections can be cut, held, or refused. */
export interface TcpProxy {
  readonly url: string;
  /** `pass` lets everything through, `hold` lets nothing move, `refuse` ends every new connection at once. */
  mode: 'pass' | 'hold' | 'refuse';
  /** Cuts all connections as they are. */
  cut(): void;
  connections(): number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { port: targetPort } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  const held: (() => void)[] = [];
  const proxy = {
    url: '',
    set mode(value: TcpProxy['mode']) {
      mode = value;
      if (value !== 'hold') for (const go of held.splice(0)) go();
    },
    get mode() {
      return mode;
    },
    cut() {
      for (const [a, b] of pairs) {
        a.resetAndDestroy();
        b.resetAndDestroy();
      }
    },
    connections: () => pairs.size,
    async close() {
      this.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  let mode: TcpProxy['mode'] = 'pass';
  const pipe = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => {
      if (mode !== 'hold') return void to.write(chunk);
      from.pause();
      held.push(() => {
        to.write(chunk);
        from.resume();
      });
    });
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  };
  const server: Server = createServer((client) => {
    if (mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connectTcp(Number(targetPort), '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.once('close', () => pairs.delete(pair));
    pipe(client, upstream);
    pipe(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

/** A proxy that understands the link and repeats every message, each some time later than it should be. */
export async function startRepeatingProxy(target: string, delayMs: () => number) {
  const http = createHttpServer((_request, response) => response.writeHead(404).end());
  const server = new WebSocketServer({ server: http });
  const sockets = new Set<WebSocket>();
  server.on('connection', (client, request) => {
    const upstream = new WebSocket(`${target.replace(/^http/, 'ws')}${request.url}`);
    const early: (() => void)[] = [];
    const forward = (to: WebSocket, text: string, again: boolean) => {
      const send = () => {
        if (to.readyState === WebSocket.OPEN) to.send(text);
      };
      send();
      if (again) setTimeout(send, delayMs());
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('close', () => upstream.terminate());
    upstream.on('close', () => client.terminate());
    client.on('message', (data) => {
      const text = data.toString();
      // A second sign-in is answered as unexpected; everything else may come twice.
      const go = () => forward(upstream, text, true);
      if (upstream.readyState === WebSocket.OPEN) go();
      else early.push(go);
    });
    upstream.on('open', () => {
      for (const go of early.splice(0)) go();
    });
    upstream.on('message', (data) => forward(client, data.toString(), true));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.terminate();
      server.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** A proxy that knows nothing of WebSockets: it forwards requests, and answers every upgrade with 400. */
export async function startPlainHttpProxy(target: string) {
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      fetch(new URL(request.url ?? '/', target), {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        signal: gone.signal,
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      })
        .then(async (answer) => {
          response.writeHead(answer.status, {
            'content-type': answer.headers.get('content-type') ?? 'text/plain',
          });
          response.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch(() => response.destroy());
    });
  });
  server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
