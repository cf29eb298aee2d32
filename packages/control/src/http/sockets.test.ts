import { connect } from 'node:net';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { matchPath } from './sockets.ts';

let front: TestFront;
let base: string;
beforeAll(async () => {
  front = await createTestFront({
    extend: ({ http }) => {
      http.sockets.route({
        path: '/test/echo/:room',
        protocols: ['v1', 'v2'],
        maxPayload: 1_000,
        connect(socket, _request, params) {
          socket.on('message', (data) => socket.send(`${params.room}: ${data}`));
        },
      });
      http.sockets.route({ path: '/test/ours', origin: 'same', connect: (socket) => socket.send('hello') });
      http.sockets.route({
        path: '/test/broken',
        connect: async () => {
          throw new Error('no');
        },
      });
    },
  });
  const { host, port } = await front.http.listen('127.0.0.1', 0);
  base = `ws://${host}:${port}`;
});
afterAll(() => front.close());

/** Opens a socket; resolves with it, or with the HTTP answer that came instead. */
function open(path: string, options: { origin?: string; protocols?: string[] } = {}) {
  const headers = options.origin === undefined ? {} : { origin: options.origin };
  const socket = new WebSocket(`${base}${path}`, options.protocols ?? [], { headers });
  return new Promise<{ socket?: WebSocket; status?: number; body?: string; first?: string }>(
    (resolve, reject) => {
      let first: string | undefined;
      socket.once('message', (data) => {
        first = String(data);
      });
      socket.once('open', () => setTimeout(() => resolve({ socket, ...(first ? { first } : {}) }), 50));
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (piece) => {
          body += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      socket.once('error', reject);
    },
  );
}

describe('WebSockets', () => {
  it('reach the endpoint of their path, with its parameters and the protocol that both know', async () => {
    const { socket } = await open('/test/echo/sala%20uno', { protocols: ['v9', 'v2', 'v1'] });
    const answer = new Promise((resolve) => socket?.once('message', (data) => resolve(String(data))));
    socket?.send('hi');
    expect(await answer).toBe('sala uno: hi');
    expect(socket?.protocol).toBe('v1');
    socket?.close();
  });

  it.each(['/nowhere', '/test/echo', '/test/echo/', '/test/echo/a/b', '/test/echo/%E0%A4%A'])(
    'to %s are answered 404, in HTTP and with a problem document',
    async (path) => {
      const { status, body } = await open(path);
      expect(status).toBe(404);
      expect(JSON.parse(body ?? '')).toMatchObject({ code: 'route_not_found', status: 404 });
    },
  );

  it('where cookies count are for our own pages', async () => {
    expect((await open('/test/ours', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await open('/test/ours')).status).toBe(403);
    const { socket, first } = await open('/test/ours', { origin: base.replace('ws:', 'http:') });
    expect(first).toBe('hello');
    socket?.close();
  });

  it('where they don’t may come from any page', async () => {
    const { socket } = await open('/test/echo/x', { origin: 'https://customer.example' });
    expect(socket).toBeDefined();
    socket?.close();
  });

  it('that send too much are closed with the reason', async () => {
    const { socket } = await open('/test/echo/x');
    const closed = new Promise((resolve) => socket?.once('close', resolve));
    socket?.send('x'.repeat(2_000));
    expect(await closed).toBe(1009);
  });

  it('whose endpoint fails are closed, and the server lives on', async () => {
    const { socket } = await open('/test/broken');
    const code = await new Promise((resolve) => {
      if (socket?.readyState === WebSocket.CLOSED) resolve(1011);
      socket?.once('close', resolve);
    });
    expect(code).toBe(1011);
    expect((await fetch(`${base.replace('ws', 'http')}/healthz`)).status).toBe(200);
  });

  it('may be cut, reset and fed with garbage at any moment', async () => {
    const port = Number(new URL(base).port);
    const upgrade = (path: string, rest = '') =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${rest}`;
    for (const text of [
      upgrade('/nowhere'),
      upgrade('/test/echo/x', 'garbage that is no frame at all'),
      upgrade('/test/echo/x', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'),
      upgrade('/test/echo/x').replace('Version: 13', 'Version: 99'),
      upgrade('/test/echo/x').replace(/Key: .*/, 'Key: short'),
      upgrade('/test/echo/x').slice(0, 60),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(text, 'latin1');
          setTimeout(() => {
            socket.resetAndDestroy();
            resolve();
          }, 30);
        });
        socket.on('error', () => undefined);
      });
    }
    await expect.poll(() => front.http.sockets.size).toBe(0);
    expect((await fetch(`${base.replace('ws', 'http')}/healthz`)).status).toBe(200);
  });
});

describe('a path', () => {
  it.each([
    ['/a/:x', '/a/b', { x: 'b' }],
    ['/a/:x', '/a/b%2Fc', { x: 'b/c' }],
    ['/a/:x/:y', '/a/1/2', { x: '1', y: '2' }],
    ['/a', '/a', {}],
    ['/a', '/b', undefined],
    ['/a/:x', '/a', undefined],
    ['/a/:x', '/a/', undefined],
  ])('%s and %s: %j', (template, path, expected) => {
    expect(matchPath(template.split('/'), path)).toEqual(expected);
  });
});
