import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

let front: TestFront;
afterEach(() => front.close());

async function started(extend?: Parameters<typeof createTestFront>[0]): Promise<string> {
  front = await createTestFront(extend);
  const { host, port } = await front.http.listen('127.0.0.1', 0);
  return `http://${host}:${port}`;
}

describe('closing the server', () => {
  it('says goodbye to sockets in the way of their endpoint', async () => {
    const base = await started({
      extend: ({ http }) => {
        http.sockets.route({ path: '/test/plain', connect: () => undefined });
        http.sockets.route({
          path: '/test/returning',
          goodbye: { code: 1012, reason: 'Come back.' },
          connect: () => undefined,
        });
      },
    });
    const closes: Promise<string>[] = [];
    for (const path of ['/test/plain', '/test/returning']) {
      const socket = new WebSocket(`${base.replace('http', 'ws')}${path}`);
      await new Promise((resolve) => socket.once('open', resolve));
      closes.push(
        new Promise((resolve) => socket.once('close', (code, reason) => resolve(`${code} ${reason}`))),
      );
    }
    await front.http.close(2_000);
    expect(await Promise.all(closes)).toEqual(['1001 The control plane is going away.', '1012 Come back.']);
  });

  it('ends streams, sockets and idle connections, and lets a request finish', async () => {
    let enter = () => {};
    const inside = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const base = await started({
      extend: ({ http }) => {
        http.app.get('/api/v1/test/slow', { config: { access: { kind: 'public' } } }, async () => {
          enter();
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { done: true };
        });
        http.app.get(
          '/api/v1/test/log',
          { config: { access: { kind: 'public' } } },
          async (_request, reply) => {
            const lines = new Readable({ read: () => undefined });
            lines.push('data: a line\n\n');
            return reply.type('text/event-stream').send(lines);
          },
        );
        http.sockets.route({ path: '/test/socket', connect: () => undefined });
      },
    });
    const headers = { authorization: `Bearer ${front.adminToken}` };
    const stream = await fetch(`${base}/api/v1/events/stream`, { headers });
    const reader = stream.body?.getReader();
    const text: string[] = [];
    const streamEnded = (async () => {
      for (;;) {
        const piece = await reader?.read();
        if (!piece || piece.done) return;
        text.push(new TextDecoder().decode(piece.value));
      }
    })();
    const log = await fetch(`${base}/api/v1/test/log`);
    const logEnded = log.text().then(
      () => 'ended',
      () => 'ended',
    );
    const socket = new WebSocket(`${base.replace('http', 'ws')}/test/socket`);
    await new Promise((resolve) => socket.once('open', resolve));
    const socketClosed = new Promise<number>((resolve) => socket.once('close', resolve));
    const idle = connect(Number(new URL(base).port), '127.0.0.1');
    const idleClosed = new Promise((resolve) => idle.once('close', resolve));
    await new Promise((resolve) => idle.once('connect', resolve));
    const slow = fetch(`${base}/api/v1/test/slow`);
    await inside;

    const before = performance.now();
    await front.http.close(40_000);
    const tookMs = performance.now() - before;
    expect(await (await slow).json()).toEqual({ done: true });
    expect(await socketClosed).toBe(1001);
    await streamEnded;
    expect(text.join('')).toContain('event: end\ndata: {"reason":"closing"}');
    await idleClosed;
    expect(await logEnded).toBe('ended');
    // Nothing had to be cut, and nothing was waited for until its time was over.
    expect(tookMs).toBeLessThan(19_000);
    await expect(fetch(`${base}/healthz`)).rejects.toThrow();
  });

  it('cuts what does not end in time', async () => {
    const base = await started({
      extend: ({ http }) => {
        http.app.post(
          '/api/v1/test/never',
          { config: { access: { kind: 'public' }, audited: 'by-handler' } },
          () => new Promise(() => undefined),
        );
        http.sockets.route({ path: '/test/deaf', connect: () => undefined });
      },
    });
    const failed = fetch(`${base}/api/v1/test/never`, { method: 'POST' }).then(
      () => 'answered',
      () => 'cut',
    );
    // A body that never comes to its end.
    const half = httpRequest(`${base}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '1000' },
    });
    half.on('error', () => undefined);
    half.write('{"email":');
    // A peer that does not answer the closing handshake.
    const deaf = connect(Number(new URL(base).port), '127.0.0.1');
    deaf.on('error', () => undefined);
    deaf.write(
      'GET /test/deaf HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await new Promise((resolve) => deaf.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await front.http.close(600);
    expect(await failed).toBe('cut');
    half.destroy();
    deaf.destroy();
  });
});
